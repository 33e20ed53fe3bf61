-- question: Which charges make the cost of a service, by which rule, and which were looked at and not counted, and why?
-- grain: charge x reason; parameters metric (cost, cost_per_transaction), service, from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: cost_charges, cost_exports, cost_transactions, catalog_resources, service_aliases
-- Events are (source, event) of the archive, table cost_events. A charge is spread over its local days by time: listed is
-- its share of the days asked for, and which days these are.
CREATE OR REPLACE VIEW explain_charges ${on_cluster}
(
    service        String COMMENT 'Service',
    metric         String COMMENT 'Measure, as asked for',
    counted        UInt8 COMMENT '1 when the number rests on it',
    part           LowCardinality(String) COMMENT 'value of cost, numerator of cost_per_transaction; empty when not counted',
    rule           LowCardinality(String) COMMENT 'What names the service: tag, resource or sub_account',
    reason         LowCardinality(String) COMMENT 'Why it does not count: not_due (days after now), no_transaction (of cost_per_transaction: days without any), export_replaced, export_incomplete; empty when it does',
    source         String COMMENT 'Event: source',
    event          String COMMENT 'Event: id',
    account        String COMMENT 'Billing account; of a cluster its name',
    category       LowCardinality(String) COMMENT 'usage, purchase, tax, credit or adjustment',
    resource       String COMMENT 'Resource as the provider names it; empty when not given',
    days           Array(Date) COMMENT 'Days of the charge, of those asked for; none of an export that does not count',
    currency       LowCardinality(String) COMMENT 'ISO 4217',
    cost           Decimal(38, 18) COMMENT 'Effective cost of these days; of an export that does not count of all of the charge',
    is_provisional UInt8 COMMENT '1 while the bill may change'
)
AS
WITH
    {metric:String} AS asked,
    -- Days on which the service carried something; asked for only where it matters.
    (
        SELECT groupUniqArray(carried.day)
        FROM cost_transactions AS carried
        WHERE asked = 'cost_per_transaction' AND carried.service = {service:String} AND carried.day >= {from:Date} AND carried.day < {to:Date}
    ) AS carrying
SELECT
    {service:String} AS service,
    asked AS metric,
    toUInt8(why_not = '') AS counted,
    multiIf(why_not != '', '', asked = 'cost', 'value', 'numerator') AS part,
    any(charges.rule) AS rule,
    charges.why_not AS reason,
    charges.source AS source,
    charges.id AS event,
    any(charges.account) AS account,
    any(charges.category) AS category,
    any(charges.resource) AS resource,
    arraySort(groupArray(charges.day)) AS days,
    any(charges.currency) AS currency,
    sum(charges.cost) AS cost,
    max(charges.is_provisional) AS is_provisional
FROM
(
    SELECT
        *,
        multiIf(is_due = 0, 'not_due', asked != 'cost' AND NOT has(carrying, day), 'no_transaction', '') AS why_not
    FROM cost_charges
    WHERE cost_charges.service = {service:String} AND day >= {from:Date} AND day < {to:Date}
) AS charges
GROUP BY source, event, why_not
UNION ALL
-- Of exports that do not count: charges that the same tag, or the catalog's own word for their resource, would give it.
SELECT
    {service:String}, asked, 0, '', if(others.service != '', 'tag', 'resource'), exports.reason, others.source, others.id, others.account, toString(others.category),
    others.resource, CAST([], 'Array(Date)'), others.currency, others.effective_cost, exports.is_provisional
FROM
(
    SELECT source, id, export, account, category, resource, sub_account, service, currency, effective_cost
    FROM cost_events FINAL
    WHERE kind = 'cost' AND toDate(assumeNotNull(charge_start), ${zone}) < {to:Date}
        AND toDate(if(charge_end > charge_start, assumeNotNull(charge_end) - INTERVAL 1 MICROSECOND, assumeNotNull(charge_start)), ${zone}) >= {from:Date}
        AND (
            service = {service:String}
            OR service IN (SELECT alias FROM service_aliases WHERE service_aliases.service = {service:String})
            OR (service = '' AND (
                lowerUTF8(resource) IN (SELECT named.resource FROM catalog_resources AS named WHERE named.service = {service:String})
                OR lowerUTF8(toString(sub_account)) IN (SELECT named.resource FROM catalog_resources AS named WHERE named.service = {service:String})
            ))
        )
    ORDER BY version DESC
    LIMIT 1 BY source, id
) AS others
INNER JOIN
(
    SELECT source, export, if(is_complete, 'export_replaced', 'export_incomplete') AS reason, cost_exports.is_provisional AS is_provisional
    FROM cost_exports
    WHERE counts = 0
) AS exports ON exports.source = others.source AND exports.export = others.export;

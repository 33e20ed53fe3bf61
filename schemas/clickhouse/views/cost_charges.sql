-- question: What did each charge cost on each day, and whose cost is it?
-- grain: charge x local day; only charges of exports that count
-- owner: platform-analytics
-- needs: as_of, cost_exports, catalog_resources, service_aliases
CREATE OR REPLACE VIEW cost_charges ${on_cluster}
(
    source         String COMMENT 'Where the export came from',
    id             String COMMENT 'Event id of the charge',
    account        String COMMENT 'Billing account; of a cluster its name',
    period_start   DateTime64(6, 'UTC') COMMENT 'Start of the billing period or window',
    period_end     DateTime64(6, 'UTC') COMMENT 'First instant after it',
    is_partial     UInt8 COMMENT '1 while the period runs',
    is_provisional UInt8 COMMENT '1 until the billing period is closed',
    category       LowCardinality(String) COMMENT 'usage, purchase, tax, credit or adjustment',
    provider       LowCardinality(String) COMMENT 'Provider; empty when not given',
    product        LowCardinality(String) COMMENT 'What the provider calls its service; empty when not given',
    sub_account    LowCardinality(String) COMMENT 'Sub account; empty when not given',
    resource       String COMMENT 'Resource as the provider names it; empty when not given',
    day            Date COMMENT 'Day of this part of the charge, in the tenant''s zone',
    is_due         UInt8 COMMENT '0 for days after now: they are billed, and do not exist yet',
    service        String COMMENT 'Service whose cost it is; empty when idle or unallocated',
    allocation     LowCardinality(String) COMMENT 'allocated, idle (paid for and used by nobody) or unallocated',
    rule           LowCardinality(String) COMMENT 'tag, resource or sub_account: what names the service; empty when nothing does',
    currency       LowCardinality(String) COMMENT 'ISO 4217',
    cost           Decimal(38, 18) COMMENT 'Effective cost of the day: the charge by time; the days of a charge sum up to it exactly'
)
AS
WITH
    -- Names as two constant arrays: a look-up without a join.
    (
        SELECT (groupArray(alias), groupArray(service))
        FROM (SELECT alias, service FROM service_aliases UNION ALL SELECT '' AS alias, '' AS service)
    ) AS names,
    counted AS
    (
        SELECT source, export, is_partial, is_provisional FROM cost_exports WHERE counts = 1
    ),
    charges AS
    (
        SELECT
            events.source AS source, events.id AS id, events.account AS account, events.period_start AS period_start,
            events.period_end AS period_end, events.category AS category, events.provider AS provider,
            events.product AS product, events.sub_account AS sub_account, events.resource AS resource,
            events.service AS service, events.is_idle AS is_idle, events.currency AS currency,
            counted.is_partial AS is_partial,
            counted.is_provisional AS is_provisional,
            lowerUTF8(events.resource) AS resource_key,
            lowerUTF8(toString(events.sub_account)) AS sub_account_key,
            assumeNotNull(events.charge_start) AS begins,
            assumeNotNull(events.charge_end) AS ends,
            dateDiff('microsecond', begins, ends) AS length_us,
            toDate(begins, ${zone}) AS first_day,
            range(1 + toUInt32(toDate(if(length_us > 0, ends - INTERVAL 1 MICROSECOND, begins), ${zone}) - first_day)) AS numbers,
            -- What of the charge is spent by the end of each day, cut after the 18th decimal. Days are differences of
            -- these, so that nothing gets lost; the last one is the charge itself.
            arrayMap(
                number -> if(
                    number = length(numbers) - 1,
                    toDecimal256(events.effective_cost, 18),
                    toDecimal256(events.effective_cost, 18)
                        * dateDiff('microsecond', begins, toDateTime64(toDateTime(first_day + number + 1, ${zone}), 6, 'UTC'))
                        / greatest(length_us, 1)
                ),
                numbers
            ) AS spent
        FROM
        (
            SELECT
                source, id, export, account, period_start, period_end, category, provider, product, sub_account,
                resource, service, is_idle, currency, charge_start, charge_end, effective_cost
            FROM cost_events FINAL
            WHERE kind = 'cost' AND (source, export) IN (SELECT source, export FROM counted)
            ORDER BY version DESC
            LIMIT 1 BY source, id
        ) AS events
        INNER JOIN counted ON counted.source = events.source AND counted.export = events.export
    ),
    -- What the catalog says of each resource, the most special first: itself, the paths above it, its sub account.
    places AS
    (
        SELECT
            resource_key,
            sub_account_key,
            arraySort(place -> -place.1, groupArray((
                place.1, place.3, named.valid_from, ifNull(named.valid_to, toDate('2149-06-06')), named.service
            ))) AS found
        FROM
        (
            SELECT
                resource_key,
                sub_account_key,
                splitByChar('/', resource_key) AS parts,
                arrayJoin(arrayConcat(
                    arrayMap(
                        depth -> (toInt32(depth), arrayStringConcat(arraySlice(parts, 1, depth), '/'), 'resource'),
                        range(1, length(parts) + 1)
                    ),
                    [(toInt32(0), sub_account_key, 'sub_account')]
                )) AS place
            FROM
            (
                -- Of all exports: more than is asked for, and cheaper than asking which of them count.
                SELECT DISTINCT lowerUTF8(resource) AS resource_key, lowerUTF8(toString(sub_account)) AS sub_account_key
                FROM cost_events FINAL
                WHERE kind = 'cost' AND service = ''
            )
        ) AS wanted
        INNER JOIN catalog_resources AS named ON named.resource = wanted.place.2
        GROUP BY resource_key, sub_account_key
    )
SELECT
    charges.source AS source,
    charges.id AS id,
    charges.account AS account,
    charges.period_start AS period_start,
    charges.period_end AS period_end,
    charges.is_partial AS is_partial,
    charges.is_provisional AS is_provisional,
    charges.category AS category,
    charges.provider AS provider,
    charges.product AS product,
    charges.sub_account AS sub_account,
    charges.resource AS resource,
    charges.first_day + number AS day,
    ifNull(day <= toDate((SELECT at FROM as_of), ${zone}), 0) AS is_due,
    if(
        charges.service != '',
        ('tag', toString(charges.service)),
        arrayMap(
            place -> (place.2, place.5),
            [arrayFirst(place -> place.3 <= day AND day < place.4, places.found)]
        )[1]
    ) AS named,
    transform(named.2, names.1, names.2, named.2) AS service,
    multiIf(named.2 != '', 'allocated', charges.is_idle = 1, 'idle', 'unallocated') AS allocation,
    named.1 AS rule,
    charges.currency AS currency,
    CAST(part AS Decimal(38, 18)) AS cost
FROM charges
LEFT JOIN places ON places.resource_key = charges.resource_key AND places.sub_account_key = charges.sub_account_key
ARRAY JOIN
    numbers AS number,
    arrayMap((now, before) -> now - before, spent, arrayPushFront(arrayPopBack(spent), toDecimal256(0, 18))) AS part;

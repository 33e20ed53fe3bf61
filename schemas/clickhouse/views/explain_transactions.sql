-- question: Which requests are the transactions over which the cost of a service is spread, and which are not, and why?
-- grain: hour x environment x outcome; parameters metric (cost_per_transaction), service, from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: gateway_hours, service_aliases, catalog_ownership, costs_daily, platform_services
-- columns: explain_traffic
-- Of a CI or deployment platform transactions are runs or deployments: see explain_use. Event ids as in explain_traffic.
CREATE OR REPLACE VIEW explain_transactions ${on_cluster}
(
${columns}
)
AS
WITH
    names AS (SELECT {service:String} AS name UNION ALL SELECT alias FROM service_aliases WHERE service_aliases.service = {service:String}),
    (SELECT any(capability) FROM platform_services WHERE platform_services.service = {service:String}) AS capability,
    (
        SELECT groupUniqArray(costs_daily.day)
        FROM costs_daily
        WHERE costs_daily.service = {service:String} AND allocation = 'allocated' AND costs_daily.day >= {from:Date} AND costs_daily.day < {to:Date}
    ) AS days_with_cost
SELECT
    {service:String} AS service,
    coalesce(nullIf(owners.team, ''), 'unknown') AS team,
    {metric:String} AS metric,
    toUInt8(made.reason = '') AS counted,
    if(made.reason = '', 'denominator', '') AS part,
    '' AS fact,
    if(made.reason = '', 'transaction', '') AS rule,
    made.reason AS reason,
    made.day AS day,
    made.hour AS hour,
    CAST([], 'Array(UInt8)') AS minutes,
    made.environment AS environment,
    made.outcome AS outcome,
    '' AS consumer,
    made.requests AS requests,
    CAST([], 'Array(UInt16)') AS latency_buckets,
    CAST([], 'Array(UInt64)') AS latency_counts
FROM
(
    SELECT
        {service:String} AS name,
        toDate(first_at, ${zone}) AS day,
        toDateTime64(toDateTime(day, ${zone}), 6, 'UTC') AS day_start,
        hours.hour AS hour,
        toString(hours.environment) AS environment,
        toString(hours.outcome) AS outcome,
        multiIf(
            capability = 'ci', 'counted_by_runs',
            capability = 'deployment', 'counted_by_deployments',
            hours.outcome != 'ok', toString(hours.outcome),
            NOT has(days_with_cost, day), 'no_cost',
            ''
        ) AS reason,
        sum(hours.requests) AS requests
    FROM gateway_hours AS hours
    WHERE hours.service = {service:String} AND hours.gateway_service IN (SELECT name FROM names)
        AND toDate(first_at, ${zone}) >= {from:Date} AND toDate(first_at, ${zone}) < {to:Date}
        -- The same once more as what the table is sorted by.
        AND hours.hour > toDateTime({from:Date}, ${zone}) - INTERVAL 1 HOUR AND hours.hour < toDateTime({to:Date}, ${zone})
    GROUP BY day, hour, environment, outcome, reason
) AS made
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
    ON made.name = owners.name AND made.day_start >= owners.valid_from;

-- question: How long did requests to a service take?
-- grain: service (or its route, team, or the organisation) x period; parameters from, to (days, to exclusive), grain (day, week, month, quarter, range), scope (service, route, team, organisation)
-- owner: platform-analytics
-- needs: gateway_minutes, period_days, catalog_ownership
-- From the merged log-scale histograms of the minutes, never from other percentiles. Bucket b holds (g^(b-1), g^b]
-- microseconds, g = 1.04, and is read as 2 g^b / (g + 1): no value in it is further than (g - 1) / (g + 1) = 1.97 % away.
-- Neighbouring ranks are interpolated as quantileExactInclusive does; a mean of two values that are each right to 1.97 % is
-- so, too. Every answered request counts, failed ones among them; those that the gateway turned away (limited) do not: the
-- service never saw them. Same environments as availability.
CREATE OR REPLACE VIEW latency ${on_cluster}
(
    service      String COMMENT 'Service; empty when the scope is team or organisation',
    route        String COMMENT 'Route template; empty when the scope is not route',
    team         String COMMENT 'Team that owned the service then, when the scope is team; else empty',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while the period runs',
    p50_seconds  Nullable(Float64) COMMENT 'Median; NULL when no latency is known',
    p90_seconds  Nullable(Float64) COMMENT '90th percentile',
    p95_seconds  Nullable(Float64) COMMENT '95th percentile',
    p99_seconds  Nullable(Float64) COMMENT '99th percentile',
    null_reason  LowCardinality(String) COMMENT 'no_latency; empty when there are percentiles',
    n            UInt64 COMMENT 'Requests whose latency is known',
    requests     UInt64 COMMENT 'Requests that reached the service'
)
AS
WITH
    1.04 AS gamma,
    cuts AS
    (
        SELECT period_start, period_end, is_partial, day
        FROM ${database}.period_days(from = {from:Date}, to = {to:Date}, grain = {grain:String})
    ),
    days AS
    (
        SELECT
            service,
            if({scope:String} = 'route', toString(minutes.route), '') AS route,
            day,
            toDateTime64(toDateTime(day, ${zone}), 6, 'UTC') AS day_start,
            sum(minutes.requests) AS requests,
            sumMap(minutes.latency_buckets, minutes.latency_counts) AS histogram
        FROM gateway_minutes AS minutes
        WHERE is_nonprod = 0 AND outcome != 'limited'
            AND day >= {from:Date} AND day < {to:Date}
            -- The same once more as what the table is sorted by.
            AND hour > toDateTime({from:Date}, ${zone}) - INTERVAL 1 HOUR AND hour < toDateTime({to:Date}, ${zone})
        GROUP BY service, route, day
    ),
    merged AS
    (
        SELECT
            if({scope:String} IN ('service', 'route'), owned.service, '') AS name,
            owned.route AS route,
            owned.owner AS owner,
            cuts.period_start AS period_start,
            any(cuts.period_end) AS period_end,
            any(cuts.is_partial) AS is_partial,
            sum(owned.requests) AS requests,
            sumMap(owned.histogram.1, owned.histogram.2) AS histogram
        FROM
        (
            SELECT days.*, if({scope:String} = 'team', coalesce(nullIf(owners.team, ''), 'unknown'), '') AS owner
            FROM days
            ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
                ON days.service = owners.name AND days.day_start >= owners.valid_from
        ) AS owned
        INNER JOIN cuts ON cuts.day = owned.day
        GROUP BY name, route, owner, period_start
    ),
    ranked AS
    (
        SELECT
            *,
            arraySum(histogram.2) AS known,
            arrayCumSum(histogram.2) AS up_to,
            arrayMap(bucket -> 2 * pow(gamma, bucket) / (gamma + 1), histogram.1) AS micros,
            arrayMap(q -> q * (toFloat64(known) - 1), [0.5, 0.9, 0.95, 0.99]) AS ranks,
            arrayMap(rank -> micros[arrayFirstIndex(until -> until > floor(rank), up_to)], ranks) AS below,
            arrayMap(rank -> micros[arrayFirstIndex(until -> until > ceil(rank), up_to)], ranks) AS above,
            arrayMap((rank, low, high) -> (low + (high - low) * (rank - floor(rank))) / 1e6, ranks, below, above) AS seconds
        FROM merged
    )
SELECT
    name AS service,
    route,
    owner AS team,
    period_start,
    period_end,
    is_partial,
    if(known = 0, NULL, seconds[1]) AS p50_seconds,
    if(known = 0, NULL, seconds[2]) AS p90_seconds,
    if(known = 0, NULL, seconds[3]) AS p95_seconds,
    if(known = 0, NULL, seconds[4]) AS p99_seconds,
    if(known = 0, 'no_latency', '') AS null_reason,
    known AS n,
    requests
FROM ranked;

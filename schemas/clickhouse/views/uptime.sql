-- question: Which share of the minutes was a service up?
-- grain: service x period; parameters from, to (days, to exclusive), grain (day, week, month, quarter, range)
-- owner: platform-analytics
-- needs: uptime_minutes, gateway_services, period_days, catalog_ownership, catalog_services, as_of
-- What a minute is, and why, is said in uptime_minutes.
CREATE OR REPLACE VIEW uptime ${on_cluster}
(
    service             String COMMENT 'Service',
    team                String COMMENT 'Its owner at the last instant of the period; unknown when the catalog does not say',
    period_start        Date COMMENT 'First day, in the tenant''s zone',
    period_end          Date COMMENT 'First day after it',
    is_partial          UInt8 COMMENT '1 while the period runs',
    numerator           UInt64 COMMENT 'Minutes up',
    denominator         UInt64 COMMENT 'Minutes up or down',
    value               Nullable(Float64) COMMENT 'numerator / denominator; NULL when no minute was either',
    shown               Nullable(Float64) COMMENT 'The same: a share of a complete population needs no minimum',
    null_reason         LowCardinality(String) COMMENT 'no_objective, no_traffic or only_limited; empty when there is a value',
    n                   UInt64 COMMENT 'Minutes up or down',
    down_with_traffic   UInt64 COMMENT 'Minutes down: traffic, availability under the objective',
    down_in_incident    UInt64 COMMENT 'Minutes down: no traffic, inside an incident',
    down_against_usual  UInt64 COMMENT 'Minutes down: no traffic and no incident, but usual traffic',
    minutes_limited     UInt64 COMMENT 'Minutes with nothing but limited: neither up nor down',
    minutes_unjudged    UInt64 COMMENT 'Minutes that would be up or down, but no objective held',
    minutes_quiet       UInt64 COMMENT 'Minutes without traffic that are not down',
    minutes             UInt64 COMMENT 'Whole minutes of the period, from the first request until now: the sum of all of these'
)
AS
WITH
    cuts AS
    (
        SELECT period_start, period_end, starts_at, ends_at, is_partial, day
        FROM ${database}.period_days(from = {from:Date}, to = {to:Date}, grain = {grain:String})
    ),
    -- Minutes as numbers, since 1970: [since, until) is what has been observed of a service.
    (SELECT intDiv(toUnixTimestamp(assumeNotNull(at)), 60) FROM as_of WHERE isNotNull(at)) AS now_minute,
    spans AS
    (
        SELECT
            first.service AS service,
            intDiv(toUnixTimestamp(first.first_at), 60) AS since,
            least(assumeNotNull(now_minute), coalesce(intDiv(toUnixTimestamp(archived.archived_at), 60), assumeNotNull(now_minute))) AS until
        FROM (SELECT service, min(first_at) AS first_at FROM gateway_services GROUP BY service) AS first
        LEFT JOIN (SELECT service, archived_at FROM catalog_services) AS archived ON archived.service = first.service
        WHERE isNotNull(now_minute)
    ),
    counted AS
    (
        SELECT
            judged.service AS service,
            cuts.period_start AS period_start,
            countIf(state = 'up') AS up,
            countIf(state = 'down') AS down,
            countIf(state = 'incident') AS incident,
            countIf(state = 'usual') AS against_usual,
            countIf(state = 'limited') AS limited,
            countIf(state = 'no_objective') AS unjudged,
            count() AS not_quiet
        FROM (SELECT * FROM ${database}.uptime_minutes(from = {from:Date}, to = {to:Date})) AS judged
        INNER JOIN cuts ON cuts.day = judged.day
        GROUP BY service, period_start
    ),
    spine AS
    (
        SELECT
            spans.service AS service,
            periods.period_start AS period_start,
            periods.period_end AS period_end,
            periods.is_partial AS is_partial,
            periods.ends_at - INTERVAL 1 MICROSECOND AS last_at,
            least(spans.until, intDiv(toUnixTimestamp(periods.ends_at), 60))
                - greatest(spans.since, intDiv(toUnixTimestamp(periods.starts_at), 60)) AS minutes
        FROM (SELECT DISTINCT period_start, period_end, starts_at, ends_at, is_partial FROM cuts) AS periods
        CROSS JOIN spans
        WHERE minutes > 0
    ),
    found AS
    (
        SELECT spine.*, counted.*
        FROM spine
        LEFT JOIN counted ON counted.service = spine.service AND counted.period_start = spine.period_start
    )
SELECT
    found.service AS service,
    coalesce(nullIf(owners.team, ''), 'unknown') AS team,
    found.period_start AS period_start,
    found.period_end AS period_end,
    found.is_partial AS is_partial,
    found.up AS numerator,
    found.up + found.down + found.incident + found.against_usual AS denominator,
    if(denominator = 0, NULL, numerator / denominator) AS value,
    value AS shown,
    multiIf(
        denominator > 0, '',
        found.unjudged > 0, 'no_objective',
        found.limited > 0, 'only_limited',
        'no_traffic'
    ) AS null_reason,
    denominator AS n,
    found.down AS down_with_traffic,
    found.incident AS down_in_incident,
    found.against_usual AS down_against_usual,
    found.limited AS minutes_limited,
    found.unjudged AS minutes_unjudged,
    toUInt64(found.minutes - found.not_quiet) AS minutes_quiet,
    toUInt64(found.minutes) AS minutes
FROM found
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
    ON found.service = owners.name AND found.last_at >= owners.valid_from;

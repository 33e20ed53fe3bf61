-- question: Which share of the minutes was a service up?
-- grain: service x period; parameters from, to (days, to exclusive), grain (day, week, month, quarter, range)
-- owner: platform-analytics
-- needs: gateway_minutes, reliability_minutes, gateway_services, incidents, slo_objectives, period_days, catalog_ownership, catalog_services, as_of
-- A minute with traffic is up when its availability is at or above the objective that held then. A minute without any is
-- down inside an incident of the service (not one that names a nonproduction environment), and where traffic was usual:
-- at that local minute in all four weeks before; else it is quiet, and stands beside. A minute with nothing but the
-- gateway's own 429 is neither. Only whole minutes since the first request count. A local minute that a clock change
-- leaves out is none, one that it repeats is two.
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
    traffic AS
    (
        SELECT service, intDiv(toUnixTimestamp(minute), 60) AS number, state
        FROM reliability_minutes
        WHERE hour > toDateTime({from:Date}, ${zone}) - INTERVAL 1 HOUR AND hour < toDateTime({to:Date}, ${zone})
    ),
    -- Of one service and minute of the week (local): in which weeks there was traffic.
    slots AS
    (
        SELECT
            service,
            local % 10080 AS slot,
            groupArray(number) AS numbers,
            groupUniqArray(intDiv(local, 10080)) AS weeks
        FROM
        (
            SELECT DISTINCT
                service,
                intDiv(toUnixTimestamp(minute), 60) AS number,
                number + intDiv(timezoneOffset(toTimeZone(minute, ${zone})), 60) AS local
            FROM gateway_minutes
            WHERE is_nonprod = 0
                -- Four weeks and a day before, as what is usual.
                AND hour > toDateTime({from:Date}, ${zone}) - INTERVAL 29 DAY AND hour < toDateTime({to:Date}, ${zone})
        )
        GROUP BY service, slot
        HAVING length(weeks) > 3
    ),
    usual AS
    (
        SELECT service, arrayJoin(silent) AS number
        FROM
        (
            SELECT
                service,
                arrayFilter(
                    week -> has(weeks, week - 1) AND has(weeks, week - 2) AND has(weeks, week - 3) AND has(weeks, week - 4),
                    arrayMap(week -> week + 1, weeks)
                ) AS expected,
                -- The instants of a local minute: it has two, or none, where clocks change within a day of it.
                arrayFilter(
                    instant -> NOT has(numbers, instant.2)
                        AND instant.2 + intDiv(timezoneOffset(toDateTime(instant.2 * 60, ${zone})), 60) = instant.1,
                    arrayDistinct(arrayFlatten([
                        arrayMap(week -> (week * 10080 + slot, toInt64(week * 10080 + slot - intDiv(timezoneOffset(toDateTime((week * 10080 + slot - 1440) * 60, ${zone})), 60))), expected),
                        arrayMap(week -> (week * 10080 + slot, toInt64(week * 10080 + slot - intDiv(timezoneOffset(toDateTime((week * 10080 + slot + 1440) * 60, ${zone})), 60))), expected)
                    ]))
                ).2 AS silent
            FROM slots
        )
    ),
    -- Of incidents that overlap each minute once: hundreds that nobody closes would be too many numbers.
    in_incident AS
    (
        SELECT service, arrayJoin(range(greatest(begins, covered), ends)) AS number
        FROM
        (
            SELECT
                service,
                begins,
                ends,
                max(ends) OVER
                (
                    PARTITION BY service ORDER BY begins, ends ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS covered
            FROM
            (
                SELECT
                    service,
                    toInt64(greatest(intDiv(toUnixTimestamp(at), 60), intDiv(toUnixTimestamp(toDateTime({from:Date}, ${zone})), 60))) AS begins,
                    toInt64(least(
                        coalesce(intDiv(toUnixTimestamp64Micro(resolved_at) + 59999999, 60000000), assumeNotNull(now_minute)),
                        intDiv(toUnixTimestamp(toDateTime({to:Date}, ${zone})), 60)
                    )) AS ends
                FROM incidents
                WHERE isNotNull(now_minute) AND NOT match(
                    trimBoth(environment),
                    '(?i)^(stag|stage|staging|preprod|uat|qa|test|testing|int|dev|development|preview|review|sandbox)([-_./].*)?$$'
                )
            )
            WHERE begins < ends
        )
    ),
    -- One row per minute that is not quiet.
    judged AS
    (
        SELECT
            told.service AS service,
            toDate(toDateTime(told.number * 60, ${zone})) AS day,
            told.number AS number,
            toDateTime64(told.number * 60, 6, 'UTC') AS at,
            multiIf(
                max(told.traffic_state) != '', max(told.traffic_state),
                max(told.is_incident) = 1, 'incident',
                'usual'
            ) AS state
        FROM
        (
            SELECT service, toInt64(number) AS number, toString(state) AS traffic_state, 0 AS is_incident FROM traffic
            UNION ALL
            SELECT service, toInt64(number) AS number, '' AS traffic_state, 1 AS is_incident FROM in_incident
            UNION ALL
            SELECT service, toInt64(number) AS number, '' AS traffic_state, 0 AS is_incident FROM usual
        ) AS told
        INNER JOIN spans ON spans.service = told.service
        WHERE told.number >= spans.since AND told.number < spans.until
        GROUP BY service, number
    ),
    counted AS
    (
        SELECT
            judged.service AS service,
            cuts.period_start AS period_start,
            countIf(state = 'up') AS up,
            countIf(state = 'down') AS down,
            countIf(state = 'incident' AND isNotNull(slo.objective)) AS incident,
            countIf(state = 'usual' AND isNotNull(slo.objective)) AS against_usual,
            countIf(state = 'limited') AS limited,
            countIf(state IN ('no_objective', 'incident', 'usual') AND isNull(slo.objective)) AS unjudged,
            count() AS not_quiet
        FROM judged
        ASOF LEFT JOIN (SELECT service, objective, valid_from FROM slo_objectives) AS slo
            ON judged.service = slo.service AND judged.at >= slo.valid_from
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

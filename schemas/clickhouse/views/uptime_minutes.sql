-- question: Which minutes of a service were up, down, or neither, and why?
-- grain: service x minute that is not quiet; parameters from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: gateway_minutes, reliability_minutes, gateway_services, incidents, slo_objectives, catalog_services, as_of
-- A minute with traffic is up when its availability is at or above the objective that held then. A minute without any is
-- down inside an incident of the service (not one that names a nonproduction environment), and where traffic was usual:
-- at that local minute in all four weeks before; else it is quiet, and stands beside. A minute with nothing but the
-- gateway's own 429 is neither. Only whole minutes since the first request count. A local minute that a clock change
-- leaves out is none, one that it repeats is two.
CREATE OR REPLACE VIEW uptime_minutes ${on_cluster}
(
    service String COMMENT 'Service',
    day     Date COMMENT 'Day of the minute, in the tenant''s zone',
    minute  DateTime('UTC') COMMENT 'Start of the minute, UTC',
    state   LowCardinality(String) COMMENT 'up or down (traffic, against the objective), incident (down: silent in an incident), usual (down: silent where traffic is usual), limited (nothing but limited), no_objective (would be up or down)'
)
AS
WITH
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
                WHERE isNotNull(now_minute) AND NOT match(trimBoth(environment), ${nonprod})
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
    )
SELECT
    judged.service AS service,
    judged.day AS day,
    toDateTime(judged.number * 60, 'UTC') AS minute,
    if(judged.state IN ('incident', 'usual') AND isNull(slo.objective), 'no_objective', judged.state) AS state
FROM judged
ASOF LEFT JOIN (SELECT service, objective, valid_from FROM slo_objectives) AS slo
    ON judged.service = slo.service AND judged.at >= slo.valid_from
WHERE judged.day >= {from:Date} AND judged.day < {to:Date};

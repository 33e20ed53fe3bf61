-- question: Which minutes make the uptime of a service, by which rule, and which are neither up nor down?
-- grain: hour x part x what the minutes are; parameters service, from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: uptime_minutes, gateway_services, catalog_services, catalog_ownership, as_of
-- Of minutes with traffic the event ids are the units of explain_units that have the hour; of an incident those that
-- explain lists for uptime_ratio; silence has none: what is usual is traffic at that minute in all four weeks before.
CREATE OR REPLACE VIEW explain_minutes ${on_cluster}
(
    service String COMMENT 'Service',
    team    String COMMENT 'Team that owned the service on that day',
    metric  String COMMENT 'uptime_ratio',
    counted UInt8 COMMENT '1 when the number rests on it',
    part    LowCardinality(String) COMMENT 'numerator or denominator; empty when not counted',
    rule    LowCardinality(String) COMMENT 'up or down (traffic, against the objective), incident (down: silent in an incident), usual (down: silent where traffic is usual)',
    reason  LowCardinality(String) COMMENT 'Why they do not count: limited (nothing but limited), no_objective, quiet (no traffic, and none was to be expected)',
    day     Date COMMENT 'Day, in the tenant''s zone',
    hour    DateTime('UTC') COMMENT 'Start of the hour, UTC',
    minutes Array(UInt8) COMMENT 'Which minutes of the hour'
)
AS
WITH
    (SELECT intDiv(toUnixTimestamp(assumeNotNull(max(at))), 60) FROM as_of) AS now_minute,
    (SELECT intDiv(toUnixTimestamp(min(first_at)), 60) FROM gateway_services WHERE gateway_services.service = {service:String} HAVING count() > 0) AS since,
    (SELECT intDiv(toUnixTimestamp(any(archived_at)), 60) FROM catalog_services WHERE catalog_services.service = {service:String}) AS archived
SELECT
    made.name AS service,
    coalesce(nullIf(owners.team, ''), 'unknown') AS team,
    'uptime_ratio' AS metric,
    toUInt8(made.part != '') AS counted,
    made.part AS part,
    if(made.part = '', '', made.state) AS rule,
    if(made.part = '', made.state, '') AS reason,
    made.day AS day,
    made.hour AS hour,
    made.minutes AS minutes
FROM
(
    SELECT
        {service:String} AS name,
        toDate(minute, ${zone}) AS day,
        toDateTime64(toDateTime(day, ${zone}), 6, 'UTC') AS day_start,
        toStartOfHour(minute) AS hour,
        state,
        arrayJoin(multiIf(state = 'up', ['numerator', 'denominator'], state IN ('down', 'incident', 'usual'), ['denominator'], [''])) AS part,
        arraySort(groupArray(toUInt8(toMinute(minute)))) AS minutes
    FROM
    (
        -- All minutes since the first request; what none of the judged ones says is quiet.
        SELECT minute, if(max(told.state) = '', 'quiet', max(told.state)) AS state
        FROM
        (
            SELECT minute, toString(judged.state) AS state
            FROM (SELECT * FROM ${database}.uptime_minutes(from = {from:Date}, to = {to:Date}) WHERE service = {service:String}) AS judged
            UNION ALL
            SELECT
                toDateTime(60 * arrayJoin(range(
                    toUInt32(greatest(ifNull(since, 0), intDiv(toUnixTimestamp(toDateTime({from:Date}, ${zone})), 60))),
                    toUInt32(least(ifNull(now_minute, 0), coalesce(archived, now_minute, 0), intDiv(toUnixTimestamp(toDateTime({to:Date}, ${zone})), 60)))
                )), 'UTC') AS minute,
                '' AS state
            WHERE isNotNull(since)
        ) AS told
        GROUP BY minute
    )
    GROUP BY day, hour, state
) AS made
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
    ON made.name = owners.name AND made.day_start >= owners.valid_from;

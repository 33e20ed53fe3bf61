-- question: Whose failed requests, and which traffic, make the reach of the incidents of a service, or what its callers saw fail?
-- grain: hour x what the rule looks at x part; parameters metric (blast_radius: of incidents that began in these days; failed_requests), service, from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: as_of, gateway_minutes, failed_requests, incidents, service_aliases
-- columns: explain_traffic
-- Counted are the minutes that an incident touches, until now while it is open: failed requests by caller (numerator), all
-- requests (denominator). Event ids as in explain_traffic.
CREATE OR REPLACE VIEW explain_failures ${on_cluster}
(
${columns}
)
AS
WITH
    {metric:String} AS asked,
    (SELECT assumeNotNull(max(at)) FROM as_of) AS now_at,
    names AS (SELECT {service:String} AS name UNION ALL SELECT alias FROM service_aliases WHERE service_aliases.service = {service:String}),
    -- What is looked at: the hours of episodes, or the days as one episode without a name.
    episodes AS
    (
        SELECT fact, from_second, to_second, toDateTime(arrayJoin(range(intDiv(from_second, 3600), toUInt64(ceil(to_second / 3600)))) * 3600, 'UTC') AS hour
        FROM
        (
            SELECT
                if(episode = 0, incident, concat(incident, '#', toString(episode))) AS fact,
                toUInt32(intDiv(toUnixTimestamp64Micro(incidents.at), 60000000) * 60) AS from_second,
                coalesce(toUnixTimestamp64Micro(resolved_at) / 1e6, toUnixTimestamp64Micro(now_at) / 1e6 + 1) AS to_second
            FROM incidents
            WHERE asked = 'blast_radius' AND incidents.service = {service:String}
                AND toDate(incidents.at, ${zone}) >= {from:Date} AND toDate(incidents.at, ${zone}) < {to:Date}
            UNION ALL
            SELECT '' AS fact, toUnixTimestamp(toDateTime({from:Date}, ${zone})) AS from_second, toUnixTimestamp(toDateTime({to:Date}, ${zone})) AS to_second
            WHERE asked = 'failed_requests'
        )
    ),
    listed AS
    (
        SELECT
            '' AS team, episodes.fact AS fact, traffic.day AS day, traffic.hour AS hour,
            arraySort(groupUniqArray(toUInt8(toMinute(traffic.minute)))) AS minutes,
            toString(traffic.environment) AS environment, toString(traffic.outcome) AS outcome, '' AS consumer,
            if(traffic.is_nonprod = 1, ('', '', 'nonprod_environment'), ('denominator', 'in_the_incident', '')) AS claim,
            sum(traffic.requests) AS requests
        FROM episodes
        INNER JOIN
        (
            SELECT * FROM gateway_minutes
            WHERE service = {service:String} AND gateway_service IN (SELECT name FROM names) AND hour IN (SELECT hour FROM episodes)
                AND (asked = 'blast_radius' OR (outcome = 'error' AND is_nonprod = 1))
        ) AS traffic ON traffic.hour = episodes.hour
        WHERE toUnixTimestamp(traffic.minute) >= episodes.from_second AND toUnixTimestamp(traffic.minute) < episodes.to_second
        GROUP BY fact, day, hour, environment, outcome, traffic.is_nonprod
        UNION ALL
        SELECT
            failures.team AS team, episodes.fact AS fact, failures.day AS day, failures.hour AS hour,
            arraySort(groupUniqArray(toUInt8(toMinute(failures.minute)))) AS minutes, '' AS environment, 'error' AS outcome, failures.consumer AS consumer,
            (if(asked = 'blast_radius', 'numerator', 'value'), toString(failures.team_rule), '') AS claim, sum(failures.failed) AS requests
        FROM episodes
        INNER JOIN (SELECT * FROM failed_requests WHERE service = {service:String} AND hour IN (SELECT hour FROM episodes)) AS failures
            ON failures.hour = episodes.hour
        WHERE toUnixTimestamp(failures.minute) >= episodes.from_second AND toUnixTimestamp(failures.minute) < episodes.to_second
        GROUP BY team, fact, day, hour, consumer, failures.team_rule
    )
SELECT
    {service:String} AS service,
    team,
    asked AS metric,
    toUInt8(claim.1 != '') AS counted,
    claim.1 AS part,
    fact,
    claim.2 AS rule,
    claim.3 AS reason,
    day,
    hour,
    minutes,
    environment,
    outcome,
    consumer,
    requests,
    CAST([], 'Array(UInt16)') AS latency_buckets,
    CAST([], 'Array(UInt64)') AS latency_counts
FROM listed;

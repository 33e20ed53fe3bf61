-- question: Which numbers of a day that was over changed afterwards, when, and by which events?
-- grain: fact (or gateway hour) x change
-- owner: platform-analytics
-- needs: as_of, service_aliases
CREATE OR REPLACE VIEW restatements ${on_cluster}
(
    service   String COMMENT 'Service',
    fact_kind LowCardinality(String) COMMENT 'release, commit, incident, milestone, ci_run or gateway_hour',
    fact      String COMMENT 'Name of the fact within its kind; of a gateway hour its start, UTC',
    at        DateTime64(6, 'UTC') COMMENT 'The fact''s instant; of one that moved the earlier',
    day       Date COMMENT 'Its day, in the tenant''s zone',
    came_at   DateTime64(6, 'UTC') COMMENT 'When the change came: its events were stored, and the recompute was asked for',
    closed    Array(String) COMMENT 'Grains of which the fact''s period was over by then: day, week, month, quarter',
    change    LowCardinality(String) COMMENT 'added, changed or removed',
    columns   Array(String) COMMENT 'What of the fact changed; none of one added or removed',
    before    String COMMENT 'What it said, as JSON; empty of one added',
    after     String COMMENT 'What it says since, as JSON; empty of one removed',
    metrics   Array(String) COMMENT 'Measures that rest on it',
    events    Array(Tuple(source String, id String)) COMMENT 'Events that did it, as far as they are named: at most 20; of gateway hours none',
    n_events  UInt32 COMMENT 'Events that came, changed or left with it; 0: the catalog or a setting changed, or it is a gateway hour',
    version   UInt64 COMMENT 'Version of the head or slice that says it: incarnation << 40 | offset of the mark'
)
AS
WITH
    (SELECT (groupArray(alias), groupArray(service)) FROM (SELECT alias, service FROM service_aliases UNION ALL SELECT '' AS alias, '' AS service)) AS names,
    changes AS
    (
        SELECT
            service, toString(fact_kind) AS fact_kind, fact, at, came_at, toString(change) AS change,
            arrayMap(one -> toString(one), columns) AS columns, before, after, events, n_events, version
        FROM restated_facts FINAL
        -- One head replaced another: what a writer that died or stalled had noted of the same one never came about.
        WHERE change != 'none'
            AND (service, since, version) IN (SELECT service, since, max(version) FROM restated_facts FINAL GROUP BY service, since)
        UNION ALL
        SELECT
            transform(toString(service), names.1, names.2, toString(service)) AS service, 'gateway_hour' AS fact_kind,
            formatDateTime(hour, '%Y-%m-%d %H:%i', 'UTC') AS fact, toDateTime64(hour, 6, 'UTC') AS at, came_at,
            multiIf(was = 0, 'added', is_now = 0, 'removed', 'changed') AS change,
            if(change = 'changed', ['requests'], []) AS columns,
            if(was = 0, '', concat('{"requests": ', toString(was), '}')) AS before,
            if(is_now = 0, '', concat('{"requests": ', toString(is_now), '}')) AS after,
            [] AS events, 0 AS n_events, version
        FROM
        (
            SELECT
                service, hour, came_at, version, requests AS was,
                -- What it said afterwards is what it said before the next change, or what stands.
                leadInFrame(requests, 1, stands) OVER (PARTITION BY service, hour ORDER BY since ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS is_now
            FROM
            (
                SELECT noted.service AS service, noted.hour AS hour, noted.came_at AS came_at, noted.version AS version, noted.since AS since, noted.requests AS requests, slices.stands AS stands
                FROM (SELECT * FROM restated_hours FINAL) AS noted
                LEFT JOIN
                (
                    SELECT service, hour, arraySum(requests) AS stands FROM gateway_hour_slices FINAL
                    WHERE hour IN (SELECT hour FROM restated_hours FINAL)
                ) AS slices ON slices.service = noted.service AND slices.hour = noted.hour
            )
        )
        WHERE was != is_now
    )
SELECT
    service,
    fact_kind,
    fact,
    at,
    toDate(at, ${zone}) AS day,
    came_at,
    arrayFilter(
        (grain, ends_on) -> ends_on <= toDate(came_at, ${zone}),
        ['day', 'week', 'month', 'quarter'],
        [day + INTERVAL 1 DAY, toStartOfWeek(day, 1) + INTERVAL 1 WEEK, toStartOfMonth(day) + INTERVAL 1 MONTH, toStartOfQuarter(day) + INTERVAL 1 QUARTER]
    ) AS closed,
    change,
    columns,
    before,
    after,
    multiIf(
        fact_kind = 'commit', ['change_lead_time'],
        fact_kind = 'incident', ['incidents'],
        fact_kind = 'milestone', ['time_to_production'],
        fact_kind = 'ci_run', ['ci'],
        fact_kind = 'gateway_hour', ['adoption', 'reliability', 'cost_per_transaction'],
        change != 'changed', ['deployment_frequency', 'change_fail_ratio', 'failed_deployment_recovery_time', 'deployment_rework_ratio'],
        arrayFilter(
            (metric, reads) -> hasAny(columns, reads),
            ['deployment_frequency', 'change_fail_ratio', 'failed_deployment_recovery_time', 'deployment_rework_ratio'],
            [['at', 'finished_at'], ['at', 'is_failed', 'is_rollback'], ['failed_at', 'is_failed', 'recovered_at'], ['at', 'is_rework']]
        )
    ) AS metrics,
    events,
    n_events,
    version
FROM changes
WHERE at <= (SELECT at FROM as_of);

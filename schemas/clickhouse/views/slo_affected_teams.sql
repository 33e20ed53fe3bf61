-- question: Which teams saw a service fail, and how often?
-- grain: service x period x team of the caller; only those that saw errors; parameters from, to (days, to exclusive), grain (day, week, month, quarter, range)
-- owner: platform-analytics
-- needs: failed_requests, period_days
CREATE OR REPLACE VIEW slo_affected_teams ${on_cluster}
(
    service      String COMMENT 'Service that failed',
    team         String COMMENT 'Team of the callers at that time; unknown when nothing says it',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while the period runs',
    failed       UInt64 COMMENT 'Requests of the team that failed',
    minutes      UInt64 COMMENT 'Minutes in which some did',
    consumers    UInt64 COMMENT 'Caller identities of the team that saw errors; callers without one are none',
    routes       Array(String) COMMENT 'Routes that failed',
    first_minute DateTime('UTC') COMMENT 'First minute with a failed request',
    last_minute  DateTime('UTC') COMMENT 'Last minute with a failed request'
)
AS
SELECT
    failures.service AS service,
    failures.team AS team,
    cuts.period_start AS period_start,
    any(cuts.period_end) AS period_end,
    any(cuts.is_partial) AS is_partial,
    sum(failures.failed) AS failed,
    uniqExact(failures.minute) AS minutes,
    uniqExactIf(failures.consumer, failures.consumer != '') AS consumers,
    arraySort(groupUniqArray(failures.route)) AS routes,
    min(failures.minute) AS first_minute,
    max(failures.minute) AS last_minute
FROM
(
    SELECT service, team, day, minute, consumer, route, failed
    FROM failed_requests
    WHERE day >= {from:Date} AND day < {to:Date}
        AND hour > toDateTime({from:Date}, ${zone}) - INTERVAL 1 HOUR AND hour < toDateTime({to:Date}, ${zone})
) AS failures
INNER JOIN (SELECT * FROM ${database}.period_days(from = {from:Date}, to = {to:Date}, grain = {grain:String})) AS cuts
    ON cuts.day = failures.day
GROUP BY service, team, period_start;

-- question: Which caller used which platform service in which period, and for which team?
-- grain: platform service x caller x period; a caller without identity is one per team; parameters from, to (days, to exclusive), grain (day, week, month, quarter, natural: of each service its own, range: all days between them)
-- owner: platform-analytics
-- needs: adoption_use, platform_services
CREATE OR REPLACE VIEW adoption_use_by ${on_cluster}
(
    service      String COMMENT 'Platform service that was used',
    consumer     String COMMENT 'Caller identity; empty when not given',
    team         String COMMENT 'Team of the caller''s last counted use in the period, so that teams add up',
    teams        Array(String) COMMENT 'All teams that it called for in the period',
    grain        String COMMENT 'day, week (ISO: from Monday), month, quarter or range',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    active_min   UInt32 COMMENT 'Uses in a period that make a user active',
    uses         UInt64 COMMENT 'ok requests, finished runs or successful deployments',
    first_at     DateTime64(6, 'UTC') COMMENT 'Earliest of them',
    last_at      DateTime64(6, 'UTC') COMMENT 'Latest of them'
)
AS
SELECT
    used.service AS service,
    used.consumer AS consumer,
    argMax(used.team, (used.last_at, used.team)) AS team,
    arraySort(groupUniqArray(used.team)) AS teams,
    if({grain:String} = 'natural', platform.natural_grain, {grain:String}) AS grain,
    multiIf(
        grain = 'day', used.day,
        grain = 'week', toStartOfWeek(used.day, 1),
        grain = 'month', toStartOfMonth(used.day),
        grain = 'quarter', toStartOfQuarter(used.day),
        {from:Date}
    ) AS period_start,
    any(used.active_min) AS active_min,
    sum(used.uses) AS uses,
    min(used.first_at) AS first_at,
    max(used.last_at) AS last_at
FROM adoption_use AS used
INNER JOIN (SELECT service, natural_grain FROM platform_services) AS platform ON platform.service = used.service
WHERE {grain:String} != 'range' OR (used.day >= {from:Date} AND used.day < {to:Date})
GROUP BY service, consumer, if(used.consumer = '', used.team, '') AS anonymous, grain, period_start;

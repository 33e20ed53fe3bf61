-- question: Which caller used which platform service in which week, and for which team?
-- grain: platform service x caller x week; a caller without identity is one per team
-- owner: platform-analytics
-- needs: adoption_use
CREATE OR REPLACE VIEW adoption_use_weekly ${on_cluster}
(
    service      String COMMENT 'Platform service that was used',
    consumer     String COMMENT 'Caller identity; empty when not given',
    team         String COMMENT 'Team of the caller''s last counted use in the week, so that teams add up',
    teams        Array(String) COMMENT 'All teams that it called for in the week',
    period_start Date COMMENT 'Monday of the week, in the tenant''s zone',
    period_end   Date COMMENT 'Monday after it',
    active_min   UInt32 COMMENT 'Uses in a period that make a user active',
    uses         UInt64 COMMENT 'ok requests, finished runs or successful deployments',
    first_at     DateTime64(6, 'UTC') COMMENT 'Earliest of them',
    last_at      DateTime64(6, 'UTC') COMMENT 'Latest of them'
)
AS
SELECT
    service,
    consumer,
    argMax(used.team, (used.last_at, used.team)) AS team,
    arraySort(groupUniqArray(used.team)) AS teams,
    toStartOfWeek(used.day, 1) AS period_start,
    period_start + INTERVAL 1 WEEK AS period_end,
    any(used.active_min) AS active_min,
    sum(used.uses) AS uses,
    min(used.first_at) AS first_at,
    max(used.last_at) AS last_at
FROM adoption_use AS used
GROUP BY service, consumer, if(consumer = '', used.team, '') AS anonymous, period_start;

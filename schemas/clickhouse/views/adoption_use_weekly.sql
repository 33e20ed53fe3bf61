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
    active_min   UInt32 COMMENT 'ok requests in a period that make a user active',
    requests     UInt64 COMMENT 'ok requests',
    first_at     DateTime64(6, 'UTC') COMMENT 'Earliest of them',
    last_at      DateTime64(6, 'UTC') COMMENT 'Latest of them'
)
AS
SELECT
    service,
    consumer,
    argMax(uses.team, (uses.last_at, uses.team)) AS team,
    arraySort(groupUniqArray(uses.team)) AS teams,
    toStartOfWeek(toDate(uses.first_at, ${zone}), 1) AS period_start,
    period_start + INTERVAL 1 WEEK AS period_end,
    any(uses.active_min) AS active_min,
    sum(uses.requests) AS requests,
    min(uses.first_at) AS first_at,
    max(uses.last_at) AS last_at
FROM adoption_use AS uses
GROUP BY service, consumer, if(consumer = '', uses.team, '') AS anonymous, period_start;

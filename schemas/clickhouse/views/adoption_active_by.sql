-- question: Which teams actively use which platform service, by period of any grain?
-- grain: platform service x team x period, only active ones; parameters from, to (days, to exclusive), grain (day, week, month, quarter, natural: of each service its own, range: all days between them)
-- owner: platform-analytics
-- needs: adoption_use_by, adoption_periods
CREATE OR REPLACE VIEW adoption_active_by ${on_cluster}
(
    service      String COMMENT 'Platform service',
    team         String COMMENT 'Team that used it; unknown when nothing says it',
    grain        String COMMENT 'day, week (ISO: from Monday), month, quarter or range',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while it runs',
    consumers    UInt64 COMMENT 'Callers of the team that used it',
    uses         UInt64 COMMENT 'ok requests without probes, finished runs or successful deployments; at least active_min',
    first_at     DateTime64(6, 'UTC') COMMENT 'Earliest of them',
    last_at      DateTime64(6, 'UTC') COMMENT 'Latest of them'
)
AS
SELECT
    used.service AS service,
    used.team AS team,
    spine.grain AS grain,
    used.period_start AS period_start,
    spine.period_end AS period_end,
    spine.is_partial AS is_partial,
    used.consumers AS consumers,
    used.uses AS uses,
    used.first_at AS first_at,
    used.last_at AS last_at
FROM
(
    SELECT
        service,
        team,
        period_start,
        count() AS consumers,
        sum(callers.uses) AS uses,
        min(callers.first_at) AS first_at,
        max(callers.last_at) AS last_at
    FROM ${database}.adoption_use_by(from = {from:Date}, to = {to:Date}, grain = {grain:String}) AS callers
    GROUP BY service, team, period_start
    HAVING uses >= any(callers.active_min)
) AS used
INNER JOIN ${database}.adoption_periods(from = {from:Date}, to = {to:Date}, grain = {grain:String}) AS spine
    ON spine.service = used.service AND spine.period_start = used.period_start;

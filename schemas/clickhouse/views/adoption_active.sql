-- question: Which teams actively use which platform service?
-- grain: platform service x team x week; only active ones
-- owner: platform-analytics
-- needs: adoption_use_weekly, adoption_weeks
CREATE OR REPLACE VIEW adoption_active ${on_cluster}
(
    service      String COMMENT 'Platform service',
    team         String COMMENT 'Team that used it; unknown when nothing says it',
    period_start Date COMMENT 'Monday of the week, in the tenant''s zone',
    period_end   Date COMMENT 'Monday after it',
    is_partial   UInt8 COMMENT '1 while the week runs',
    consumers    UInt64 COMMENT 'Callers of the team that used it',
    uses         UInt64 COMMENT 'ok requests without probes, finished runs or successful deployments; at least active_min',
    first_at     DateTime64(6, 'UTC') COMMENT 'Earliest of them',
    last_at      DateTime64(6, 'UTC') COMMENT 'Latest of them'
)
AS
SELECT
    used.service AS service,
    used.team AS team,
    used.period_start AS period_start,
    used.period_end AS period_end,
    weeks.is_partial AS is_partial,
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
        period_end,
        count() AS consumers,
        sum(weekly.uses) AS uses,
        min(weekly.first_at) AS first_at,
        max(weekly.last_at) AS last_at
    FROM adoption_use_weekly AS weekly
    GROUP BY service, team, period_start, period_end
    HAVING uses >= any(weekly.active_min)
) AS used
INNER JOIN adoption_weeks AS weeks ON weeks.service = used.service AND weeks.period_start = used.period_start;

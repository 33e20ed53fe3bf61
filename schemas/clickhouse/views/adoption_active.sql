-- question: Which teams actively use which platform service, week by week?
-- grain: platform service x team x week; only active ones
-- owner: platform-analytics
-- needs: adoption_active_by
CREATE OR REPLACE VIEW adoption_active ${on_cluster}
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
SELECT service, team, grain, period_start, period_end, is_partial, consumers, uses, first_at, last_at
FROM ${database}.adoption_active_by(from = '2000-01-01', to = '2100-01-01', grain = 'week');

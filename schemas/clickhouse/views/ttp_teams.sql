-- question: How long does a team take to bring its first, its second, its n-th service to production, and its first since it exists?
-- grain: team x start x n; start team_created has n = 1 only, for teams with a declared date
-- owner: platform-analytics
-- needs: time_to_production, ttp_team_starts
CREATE OR REPLACE VIEW ttp_teams ${on_cluster}
(
    team        String COMMENT 'Team; of a service its owner at the start',
    start       LowCardinality(String) COMMENT 'What the clock starts at: onboarded or first_commit of its n-th service, or team_created',
    nth         UInt64 COMMENT 'Which of the team''s services, by start; left-truncated ones count as services, too',
    service     String COMMENT 'The service; of team_created the first that it owned when it got to production; empty while there is none',
    started_at  DateTime64(6, 'UTC') COMMENT 'When the clock started',
    period_start Date COMMENT 'Cohort: first day of the month of the start, in the tenant''s zone',
    finished_at Nullable(DateTime64(6, 'UTC')) COMMENT 'First successful production deployment; NULL while there is none',
    status      LowCardinality(String) COMMENT 'done, open, or archived (of a team: dissolved) before it got there',
    is_open     UInt8 COMMENT '1 when censored: open, archived or dissolved',
    value_seconds Nullable(Float64) COMMENT 'Time to production; NULL when not done, negative when in production before the start',
    elapsed_seconds Float64 COMMENT 'From the start to production, or to now or the end while there is none',
    is_left_truncated UInt8 COMMENT '1 when it begun before it was observed: outside cohorts'
)
AS
SELECT
    team, start, nth_of_team AS nth, service, started_at, period_start, finished_at, status, is_open, value_seconds,
    elapsed_seconds, is_left_truncated
FROM time_to_production
WHERE nth_of_team > 0
UNION ALL
SELECT
    team, start, nth, service, started_at, period_start, finished_at, status, is_open, value_seconds, elapsed_seconds,
    is_left_truncated
FROM ttp_team_starts;

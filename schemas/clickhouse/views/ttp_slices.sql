-- question: Which services, or teams, stand behind each curve, median and stage of time to production?
-- grain: start x team x template x cohort x n x subject; left-truncated ones are outside
-- owner: platform-analytics
-- needs: time_to_production, ttp_team_starts
CREATE OR REPLACE VIEW ttp_slices ${on_cluster}
(
    start    LowCardinality(String) COMMENT 'What the clock starts at: onboarded, first_commit or team_created',
    team     String COMMENT 'Team; empty: all',
    template String COMMENT 'Golden path; empty: all',
    cohort   String COMMENT 'Month of the start as YYYY-MM, or all',
    nth      UInt64 COMMENT 'The team''s first, second, n-th service; 0: all',
    subject  String COMMENT 'Service; of team_created the team',
    elapsed_us Int64 COMMENT 'Microseconds from the start to production, or to where it is censored; not under 0',
    is_open  UInt8 COMMENT '1 when censored: not in production yet, or archived before',
    reached  Array(Nullable(DateTime64(6, 'UTC'))) COMMENT 'Its milestones in their order, NULL when not observed; empty for a team'
)
AS
SELECT
    services.start AS start,
    slice.1 AS team,
    slice.2 AS template,
    slice.3 AS cohort,
    slice.4 AS nth,
    services.service AS subject,
    toInt64(round(greatest(services.elapsed_seconds, 0) * 1e6)) AS elapsed_us,
    services.is_open AS is_open,
    [
        onboarded_at, first_commit_at, first_ci_run_at, first_ci_success_at, first_nonprod_deployment_at,
        first_production_deployment_at, first_production_traffic_at
    ] AS reached
FROM time_to_production AS services
ARRAY JOIN arrayDistinct([
    ('', '', 'all', 0),
    ('', '', formatDateTime(services.period_start, '%Y-%m'), 0),
    (services.team, '', 'all', 0),
    ('', services.template, 'all', 0),
    ('', services.template, formatDateTime(services.period_start, '%Y-%m'), 0),
    ('', '', 'all', services.nth_of_team)
]) AS slice
WHERE services.is_left_truncated = 0
UNION ALL
SELECT
    teams.start, '' AS team, '' AS template, cut AS cohort, 0 AS nth, teams.team AS subject,
    toInt64(round(greatest(teams.elapsed_seconds, 0) * 1e6)) AS elapsed_us, teams.is_open AS is_open, [] AS reached
FROM ttp_team_starts AS teams
ARRAY JOIN ['all', formatDateTime(teams.period_start, '%Y-%m')] AS cut
WHERE teams.is_left_truncated = 0;

-- question: Which share of the teams uses a platform service?
-- grain: platform service x week x population
-- owner: platform-analytics
-- needs: adoption_active, adoption_weeks, catalog_teams, periods, as_of
CREATE OR REPLACE VIEW adoption_rate ${on_cluster}
(
    service       String COMMENT 'Platform service',
    population    LowCardinality(String) COMMENT 'Denominator: all (every team that exists at the last instant of the week)',
    period_start  Date COMMENT 'Monday of the week, in the tenant''s zone',
    period_end    Date COMMENT 'Monday after it',
    is_partial    UInt8 COMMENT '1 while the week runs',
    numerator     UInt64 COMMENT 'Active teams of the population',
    denominator   UInt64 COMMENT 'Teams of the population',
    value         Nullable(Float64) COMMENT 'numerator / denominator; NULL when there is no team',
    shown         Nullable(Float64) COMMENT 'The same: a share of a complete population needs no minimum',
    null_reason   LowCardinality(String) COMMENT 'no_team; empty when there is a value',
    n             UInt64 COMMENT 'Teams of the population',
    outside       UInt64 COMMENT 'Active users outside the population, not in the numerator',
    outside_teams Array(String) COMMENT 'Which they are; unknown among them'
)
AS
WITH
    -- One microsecond past the last instant that counts: the end of the week, or now while it runs.
    weeks AS
    (
        SELECT period_start, least(ends_at, assumeNotNull((SELECT at FROM as_of)) + INTERVAL 1 MICROSECOND) AS ends_at
        FROM periods
        WHERE grain = 'week'
    ),
    populations AS
    (
        SELECT weeks.period_start AS period_start, groupArray(teams.team) AS teams
        FROM weeks
        CROSS JOIN catalog_teams AS teams
        WHERE teams.valid_from < weeks.ends_at AND (isNull(teams.valid_to) OR teams.valid_to >= weeks.ends_at)
        GROUP BY period_start
    ),
    users AS
    (
        SELECT service, period_start, groupArray(team) AS teams
        FROM adoption_active
        GROUP BY service, period_start
    )
SELECT
    spine.service AS service,
    'all' AS population,
    spine.period_start AS period_start,
    spine.period_end AS period_end,
    spine.is_partial AS is_partial,
    length(arrayIntersect(users.teams, populations.teams)) AS numerator,
    length(populations.teams) AS denominator,
    if(denominator = 0, NULL, numerator / denominator) AS value,
    value AS shown,
    if(denominator = 0, 'no_team', '') AS null_reason,
    denominator AS n,
    length(outside_teams) AS outside,
    arraySort(arrayFilter(team -> NOT has(populations.teams, team), users.teams)) AS outside_teams
FROM adoption_weeks AS spine
LEFT JOIN populations ON populations.period_start = spine.period_start
LEFT JOIN users ON users.service = spine.service AND users.period_start = spine.period_start;

-- question: Which share of the teams uses a platform service, by period of any grain?
-- grain: platform service x observed period x population; parameters from, to (days, to exclusive), grain (day, week, month, quarter, natural: of each service its own, range: all days between them)
-- owner: platform-analytics
-- needs: adoption_eligible
CREATE OR REPLACE VIEW adoption_rate_by ${on_cluster}
(
    service       String COMMENT 'Platform service',
    grain         String COMMENT 'day, week (ISO: from Monday), month, quarter or range',
    population    LowCardinality(String) COMMENT 'Denominator: all (every team that exists at the last instant), applicable (to which it applies by the catalog), alternatives (on this or a declared alternative)',
    is_default    UInt8 COMMENT '1 for the declared default: applicable, or all where the catalog does not say to whom it applies',
    period_start  Date COMMENT 'First day, in the tenant''s zone',
    period_end    Date COMMENT 'First day after it',
    is_partial    UInt8 COMMENT '1 while it runs',
    numerator     UInt64 COMMENT 'Active teams of the population',
    denominator   UInt64 COMMENT 'Teams of the population',
    value         Nullable(Float64) COMMENT 'numerator / denominator; NULL when there is no team',
    shown         Nullable(Float64) COMMENT 'The same: a share of a complete population needs no minimum',
    null_reason   LowCardinality(String) COMMENT 'not_said (to whom it applies), no_alternative (declared) or no_team; empty when there is a value',
    n             UInt64 COMMENT 'Teams of the population',
    outside       UInt64 COMMENT 'Active users outside the population, not in the numerator',
    outside_teams Array(String) COMMENT 'Which they are; unknown among them'
)
AS
SELECT
    service,
    grain,
    population,
    is_default,
    period_start,
    period_end,
    is_partial,
    length(arrayIntersect(users, teams)) AS numerator,
    length(teams) AS denominator,
    if(denominator = 0, NULL, numerator / denominator) AS value,
    value AS shown,
    null_reason,
    denominator AS n,
    length(outside_teams) AS outside,
    arrayFilter(team -> NOT has(teams, team), users) AS outside_teams
FROM ${database}.adoption_eligible(from = {from:Date}, to = {to:Date}, grain = {grain:String});

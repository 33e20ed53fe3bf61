-- question: Which share of the teams uses a platform service lastingly, and how many ever tried it, or use it now?
-- grain: platform service x closed observed period of its natural grain x population
-- owner: platform-analytics
-- needs: adoption_eligible
-- Sustained: active in at least 3 of the last 4 closed periods, this one the last of them. Periods in which nothing at
-- all was heard of are not counted among the 4. The headline is the row with is_latest and is_default.
CREATE OR REPLACE VIEW adoption_sustained ${on_cluster}
(
    service          String COMMENT 'Platform service',
    grain            String COMMENT 'Its natural grain: day, week (ISO: from Monday), month or quarter',
    population       LowCardinality(String) COMMENT 'Denominator: all, applicable or alternatives, at the last instant of the period',
    is_default       UInt8 COMMENT '1 for the declared default: applicable, or all where the catalog does not say to whom it applies',
    period_start     Date COMMENT 'First day of the last of the 4 periods, in the tenant''s zone',
    period_end       Date COMMENT 'First day after it',
    is_partial       UInt8 COMMENT 'Always 0: only closed periods are here',
    is_latest        UInt8 COMMENT '1 for the last closed period: how it stands now',
    periods          UInt64 COMMENT 'Closed periods looked at: at most 4',
    numerator        UInt64 COMMENT 'Teams of the population active in at least 3 of them',
    denominator      UInt64 COMMENT 'Teams of the population',
    value            Nullable(Float64) COMMENT 'numerator / denominator; NULL until there are 3 periods, or when there is no team',
    shown            Nullable(Float64) COMMENT 'The same: a share of a complete population needs no minimum',
    null_reason      LowCardinality(String) COMMENT 'too_few_periods, not_said (to whom it applies), no_alternative (declared) or no_team; empty when there is a value',
    n                UInt64 COMMENT 'Teams of the population',
    ever_numerator   UInt64 COMMENT 'Teams of the population with any counted use until the end of the period',
    ever_value       Nullable(Float64) COMMENT 'Ever tried: ever_numerator / denominator',
    active_numerator UInt64 COMMENT 'Teams of the population active in the period',
    active_value     Nullable(Float64) COMMENT 'Active now: active_numerator / denominator',
    outside_teams    Array(String) COMMENT 'Sustained users outside the population, not in the numerator; unknown among them'
)
AS
WITH
    windows AS
    (
        SELECT
            *,
            groupArray(users) OVER last_four AS users_of,
            groupUniqArrayArray(tried) OVER until_now AS ever,
            row_number() OVER (PARTITION BY service, population ORDER BY period_start DESC) = 1 AS is_latest
        FROM ${database}.adoption_eligible(from = '2000-01-01', to = '2100-01-01', grain = 'natural')
        WHERE is_partial = 0
        WINDOW
            last_four AS
            (
                PARTITION BY service, population ORDER BY period_start ROWS BETWEEN 3 PRECEDING AND CURRENT ROW
            ),
            until_now AS
            (
                PARTITION BY service, population ORDER BY period_start
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            )
    )
SELECT
    windows.service AS service,
    windows.grain AS grain,
    windows.population AS population,
    windows.is_default AS is_default,
    windows.period_start AS period_start,
    windows.period_end AS period_end,
    windows.is_partial AS is_partial,
    windows.is_latest AS is_latest,
    length(users_of) AS periods,
    length(arrayIntersect(lasting, windows.teams)) AS numerator,
    length(windows.teams) AS denominator,
    if(periods < 3 OR denominator = 0, NULL, numerator / denominator) AS value,
    value AS shown,
    multiIf(windows.null_reason != '', windows.null_reason, periods < 3, 'too_few_periods', '') AS null_reason,
    denominator AS n,
    length(arrayIntersect(windows.ever, windows.teams)) AS ever_numerator,
    if(denominator = 0, NULL, ever_numerator / denominator) AS ever_value,
    length(arrayIntersect(windows.users, windows.teams)) AS active_numerator,
    if(denominator = 0, NULL, active_numerator / denominator) AS active_value,
    arrayFilter(team -> NOT has(windows.teams, team), lasting) AS outside_teams
FROM
(
    SELECT
        *,
        arraySort(arrayFilter(
            team -> countEqual(arrayFlatten(users_of), team) >= 3, arrayDistinct(arrayFlatten(users_of))
        )) AS lasting
    FROM windows
) AS windows;

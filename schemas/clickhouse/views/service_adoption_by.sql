-- question: Which share of the services uses a platform service, by period of any grain?
-- grain: platform service x observed period; parameters from, to (days, to exclusive), grain (day, week, month, quarter, natural: of each service its own, range: all days between them)
-- owner: platform-analytics
-- needs: adoption_members_by, adoption_periods, catalog_services, as_of
CREATE OR REPLACE VIEW service_adoption_by ${on_cluster}
(
    service      String COMMENT 'Platform service',
    grain        String COMMENT 'day, week (ISO: from Monday), month, quarter or range',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while it runs',
    numerator    UInt64 COMMENT 'Consumer services of the population that were active users',
    denominator  UInt64 COMMENT 'Other services that the catalog has at the last instant of the period, or now while it runs',
    value        Nullable(Float64) COMMENT 'numerator / denominator; NULL when there is no other service',
    shown        Nullable(Float64) COMMENT 'The same: a share of a complete population needs no minimum',
    null_reason  LowCardinality(String) COMMENT 'no_service; empty when there is a value',
    n            UInt64 COMMENT 'Services of the population',
    users        Array(String) COMMENT 'Consumer services that were active users, in the population or not',
    outside      UInt64 COMMENT 'Of them outside the population, not in the numerator'
)
AS
WITH
    -- One microsecond past the last instant that counts: the end of the period, or now while it runs.
    spine AS
    (
        SELECT
            service, grain, period_start, period_end, is_partial,
            least(ends_at, assumeNotNull((SELECT at FROM as_of)) + INTERVAL 1 MICROSECOND) AS after
        FROM ${database}.adoption_periods(from = {from:Date}, to = {to:Date}, grain = {grain:String})
    ),
    populations AS
    (
        SELECT instants.after AS after, groupArray(known.service) AS services
        FROM (SELECT DISTINCT after FROM spine) AS instants
        CROSS JOIN catalog_services AS known
        WHERE coalesce(known.onboarded_at < instants.after, 1) AND coalesce(known.archived_at >= instants.after, 1)
        GROUP BY after
    ),
    active AS
    (
        SELECT service, period_start, arraySort(groupArray(member)) AS users
        FROM ${database}.adoption_members_by(from = {from:Date}, to = {to:Date}, grain = {grain:String})
        WHERE consumer_set = 'service'
        GROUP BY service, period_start
    )
SELECT
    spine.service AS service,
    spine.grain AS grain,
    spine.period_start AS period_start,
    spine.period_end AS period_end,
    spine.is_partial AS is_partial,
    length(arrayFilter(name -> has(populations.services, name) AND name != spine.service, active.users)) AS numerator,
    length(arrayFilter(name -> name != spine.service, populations.services)) AS denominator,
    if(denominator = 0, NULL, numerator / denominator) AS value,
    value AS shown,
    if(denominator = 0, 'no_service', '') AS null_reason,
    denominator AS n,
    active.users AS users,
    length(users) - numerator AS outside
FROM spine
LEFT JOIN populations ON populations.after = spine.after
LEFT JOIN active ON active.service = spine.service AND active.period_start = spine.period_start;

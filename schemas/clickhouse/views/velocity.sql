-- question: How quickly and how safely do changes flow, by period of any grain?
-- grain: service (or team, or the organisation) x period x metric; parameters from, to (days, to exclusive), grain (day, week, month, quarter, range), scope (service, team, today: teams as they are organised today, organisation)
-- owner: platform-analytics
-- needs: velocity_facts, velocity_spine, catalog_today
CREATE OR REPLACE VIEW velocity ${on_cluster}
(
    service      String COMMENT 'Service; empty when the scope is team or organisation',
    team         String COMMENT 'Team that owned the service when each fact happened; of a service its owner at the last instant of the period; unknown when the catalog does not say; empty for the organisation',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while the period runs',
    metric       LowCardinality(String) COMMENT 'Measure, its unit last: _per_day, _seconds or _ratio',
    is_headline  UInt8 COMMENT '1 for the declared default of each measure, 0 for a variant beside it',
    numerator    Nullable(UInt64) COMMENT 'Of a rate; NULL for a duration',
    denominator  Nullable(UInt64) COMMENT 'Of a rate: attempts, or days of the period that have begun; NULL for a duration',
    value        Nullable(Float64) COMMENT 'The measure; NULL when there is nothing to measure',
    shown        Nullable(Float64) COMMENT 'value, but NULL when a rate rests on fewer than 5 attempts',
    null_reason  LowCardinality(String) COMMENT 'Why shown is NULL, empty when it is not: no_deployment_observed, no_commit, no_attempt, below_n_min, no_failure, all_open',
    n            UInt64 COMMENT 'What it rests on: deployments, commits, attempts or recovered failures',
    n_open       UInt64 COMMENT 'Failures not recovered yet; 0 for other measures'
)
AS
WITH
    (SELECT (services, owners, formers, heirs) FROM catalog_today) AS today,
    -- Rates under this many attempts are not shown (METRICS 0.4).
    5 AS n_min,
    facts AS
    (
        SELECT
            *,
            multiIf(
                {scope:String} = 'team', team,
                {scope:String} = 'today', transform(service, today.1, today.2, transform(team, today.3, today.4, team)),
                {scope:String} = 'organisation', '',
                service
            ) AS name
        FROM velocity_facts
        WHERE day >= {from:Date} AND day < {to:Date}
    ),
    counted AS
    (
        SELECT
            name,
            multiIf(
                {grain:String} = 'day', day,
                {grain:String} = 'week', toStartOfWeek(day, 1),
                {grain:String} = 'month', toStartOfMonth(day),
                {grain:String} = 'quarter', toStartOfQuarter(day),
                {from:Date}
            ) AS period_start,
            countIf(kind = 'release' AND is_success) AS deployments,
            countIf(kind = 'release') AS attempts,
            countIf(kind = 'release' AND is_failed) AS failed,
            countIf(kind = 'release' AND NOT is_rollback) AS forward_attempts,
            countIf(kind = 'release' AND is_failed AND NOT is_rollback) AS forward_failed,
            countIf(kind = 'release' AND is_rework) AS rework,
            count(recovery_us) AS recovered,
            quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(recovery_us), isNotNull(recovery_us)) AS recovery,
            count(lead_us) AS commits,
            quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(lead_us), isNotNull(lead_us)) AS lead,
            countIf(isNotNull(lead_us) AND NOT is_bot) AS human_commits,
            quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(lead_us), isNotNull(lead_us) AND NOT is_bot) AS human_lead,
            count(first_commit_lead_us) AS squashes,
            quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(first_commit_lead_us), isNotNull(first_commit_lead_us)) AS squash_lead
        FROM facts
        GROUP BY name, period_start
    ),
    measured AS
    (
        SELECT
            spine.name AS name,
            spine.team AS team,
            spine.period_start AS period_start,
            spine.period_end AS period_end,
            spine.is_partial AS is_partial,
            spine.is_observed AS is_observed,
            -- (metric, is_headline, numerator, denominator, value, n, n_open, n_min, why there is no value)
            arrayConcat(
                [(
                    'deployment_frequency_per_day', 1, toNullable(toUInt64(counted.deployments)), toNullable(toUInt64(spine.days)),
                    toNullable(counted.deployments / spine.days), toUInt64(counted.deployments), toUInt64(0), 0, ''
                )],
                arrayMap(
                    (percentile, at) ->
                    (
                        concat('change_lead_time_', percentile, '_seconds'), toUInt8(percentile = 'p50'), NULL, NULL,
                        if(counted.commits = 0, NULL, round(counted.lead[at]) / 1e6), toUInt64(counted.commits), toUInt64(0), 0, 'no_commit'
                    ),
                    ['p50', 'p75', 'p90'], [1, 2, 3]
                ),
                arrayMap(
                    (percentile, at) ->
                    (
                        concat('change_lead_time_without_bots_', percentile, '_seconds'), toUInt8(0), NULL, NULL,
                        if(counted.human_commits = 0, NULL, round(counted.human_lead[at]) / 1e6), toUInt64(counted.human_commits), toUInt64(0), 0, 'no_commit'
                    ),
                    ['p50', 'p75', 'p90'], [1, 2, 3]
                ),
                arrayMap(
                    (percentile, at) ->
                    (
                        concat('change_lead_time_from_first_commit_', percentile, '_seconds'), toUInt8(0), NULL, NULL,
                        if(counted.squashes = 0, NULL, round(counted.squash_lead[at]) / 1e6), toUInt64(counted.squashes), toUInt64(0), 0, 'no_commit'
                    ),
                    ['p50', 'p75', 'p90'], [1, 2, 3]
                ),
                arrayMap(
                    rate ->
                    (
                        rate.1, rate.2, toNullable(toUInt64(rate.3)), toNullable(toUInt64(rate.4)),
                        if(rate.4 = 0, NULL, rate.3 / rate.4), toUInt64(rate.4), toUInt64(0), n_min, 'no_attempt'
                    ),
                    [
                        ('change_fail_ratio', 1, counted.failed, counted.attempts),
                        ('change_fail_without_rollbacks_ratio', 0, counted.forward_failed, counted.forward_attempts),
                        ('deployment_rework_ratio', 1, counted.rework, counted.attempts)
                    ]
                ),
                arrayMap(
                    (percentile, at) ->
                    (
                        concat('failed_deployment_recovery_time_', percentile, '_seconds'), toUInt8(percentile = 'p50'), NULL, NULL,
                        if(counted.recovered = 0, NULL, round(counted.recovery[at]) / 1e6), toUInt64(counted.recovered), toUInt64(counted.failed - counted.recovered),
                        0, if(counted.failed = 0, 'no_failure', 'all_open')
                    ),
                    ['p50', 'p75', 'p90'], [1, 2, 3]
                )
            ) AS measures
        FROM
        (
            SELECT name, team, period_start, period_end, is_partial, days, is_observed
            FROM ${database}.velocity_spine(from = {from:Date}, to = {to:Date}, grain = {grain:String}, scope = {scope:String})
        ) AS spine
        LEFT JOIN counted ON counted.name = spine.name AND counted.period_start = spine.period_start
    )
SELECT
    if({scope:String} = 'service', name, '') AS service,
    team,
    period_start,
    period_end,
    is_partial,
    measure.1 AS metric,
    measure.2 AS is_headline,
    if(is_observed, measure.3, NULL) AS numerator,
    if(is_observed, measure.4, NULL) AS denominator,
    if(is_observed, measure.5, NULL) AS value,
    if(measure.6 < measure.8, NULL, value) AS shown,
    multiIf(
        NOT is_observed, 'no_deployment_observed',
        isNull(value), measure.9,
        isNull(shown), 'below_n_min',
        ''
    ) AS null_reason,
    measure.6 AS n,
    measure.7 AS n_open
FROM measured
ARRAY JOIN measures AS measure;

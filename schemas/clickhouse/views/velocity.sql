-- question: How quickly and how safely do changes flow, by period of any grain?
-- grain: service (or team) x period x metric; parameters from, to (days, to exclusive), grain (day, week, month, quarter, range), scope (service, team)
-- owner: platform-analytics
-- needs: velocity_facts, periods, catalog_services, catalog_ownership, as_of
CREATE OR REPLACE VIEW velocity ${on_cluster}
(
    service      String COMMENT 'Service; empty when the scope is team',
    team         String COMMENT 'Team; of a service its owner at the last instant of the period',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while the period runs',
    metric       LowCardinality(String) COMMENT 'Measure, its unit last: _per_day, _seconds or _ratio',
    is_headline  UInt8 COMMENT '1 for the declared default of each measure, 0 for a variant beside it',
    numerator    Nullable(UInt64) COMMENT 'Of a rate; NULL for a duration',
    denominator  Nullable(UInt64) COMMENT 'Of a rate: attempts, or days of the period that have begun; NULL for a duration',
    value        Nullable(Float64) COMMENT 'The measure; NULL when there is nothing to measure',
    shown        Nullable(Float64) COMMENT 'value, but NULL when a rate rests on fewer than 5 attempts',
    null_reason  LowCardinality(String) COMMENT 'Why shown is NULL: no_deployment_observed, no_commit, no_attempt, below_n_min, no_failure, all_open',
    n            UInt64 COMMENT 'What it rests on: deployments, commits, attempts or recovered failures',
    n_open       UInt64 COMMENT 'Failures not recovered yet; 0 for other measures'
)
AS
WITH
    -- Rates under this many attempts are not shown (METRICS 0.4).
    5 AS n_min,
    facts AS
    (
        SELECT *, if({scope:String} = 'team', team, service) AS name
        FROM velocity_facts
        WHERE day < {to:Date}
    ),
    spans AS
    (
        SELECT
            name,
            min(facts.at) AS observed_from,
            minOrNullIf(facts.at, kind IN ('release', 'attempt')) AS deployments_from,
            any(archived.archived_at) AS archived_at
        FROM facts
        LEFT JOIN (SELECT service, archived_at FROM catalog_services) AS archived ON archived.service = facts.name
        GROUP BY name
    ),
    cuts AS
    (
        SELECT period_start, period_end, starts_at, ends_at, is_partial, days
        FROM periods
        WHERE grain = {grain:String} AND period_start >= {from:Date} AND period_end <= {to:Date}
        UNION ALL
        SELECT
            {from:Date} AS period_start,
            {to:Date} AS period_end,
            toDateTime64(toDateTime({from:Date}, ${zone}), 6, 'UTC') AS starts_at,
            toDateTime64(toDateTime({to:Date}, ${zone}), 6, 'UTC') AS ends_at,
            ends_at > now_at AS is_partial,
            toUInt32(dateDiff('day', period_start, least(period_end, toDate(now_at, ${zone}) + 1))) AS days
        FROM (SELECT assumeNotNull(at) AS now_at FROM as_of WHERE isNotNull(at))
        WHERE {grain:String} = 'range' AND starts_at <= now_at
    ),
    spine AS
    (
        SELECT
            spans.name AS name,
            spans.deployments_from AS deployments_from,
            cuts.period_start AS period_start,
            cuts.period_end AS period_end,
            cuts.ends_at AS ends_at,
            cuts.is_partial AS is_partial,
            cuts.days AS days,
            cuts.ends_at - INTERVAL 1 MICROSECOND AS last_at
        FROM cuts
        CROSS JOIN spans
        WHERE cuts.ends_at > spans.observed_from
            -- What is archived is no longer a service that does not deploy.
            AND ({scope:String} = 'team' OR isNull(spans.archived_at) OR spans.archived_at >= cuts.starts_at)
    ),
    owned AS
    (
        SELECT spine.*, owners.team AS owner
        FROM spine
        ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
            ON spine.name = owners.name AND spine.last_at >= owners.valid_from
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
        WHERE day >= {from:Date}
        GROUP BY name, period_start
    ),
    measured AS
    (
        SELECT
            owned.name AS name,
            owned.owner AS owner,
            owned.period_start AS period_start,
            owned.period_end AS period_end,
            owned.is_partial AS is_partial,
            coalesce(owned.deployments_from < owned.ends_at, 0) AS is_observed,
            -- (metric, is_headline, numerator, denominator, value, n, n_open, n_min, why there is no value)
            arrayConcat(
                [(
                    'deployment_frequency_per_day', 1, toNullable(toUInt64(counted.deployments)), toNullable(toUInt64(owned.days)),
                    toNullable(counted.deployments / owned.days), toUInt64(counted.deployments), toUInt64(0), 0, ''
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
        FROM owned
        LEFT JOIN counted ON counted.name = owned.name AND counted.period_start = owned.period_start
    )
SELECT
    if({scope:String} = 'team', '', name) AS service,
    if({scope:String} = 'team', name, coalesce(nullIf(owner, ''), 'unknown')) AS team,
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

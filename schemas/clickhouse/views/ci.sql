-- question: How reliable and how quick are pipelines, by period of any grain?
-- grain: service (or team, or the organisation) x period x metric; parameters from, to (days, to exclusive), grain (day, week, month, quarter, range), scope (service, team, organisation)
-- owner: platform-analytics
-- needs: ci_runs, periods_between, catalog_services, catalog_ownership
-- Flaky is a (pipeline, commit) that failed and then passed on a re-run: on a later attempt of the same run, or in a run of the
-- same pipeline on the same commit that began once the failed one had ended. Two runs side by side are no re-run of each other.
CREATE OR REPLACE VIEW ci ${on_cluster}
(
    service      String COMMENT 'Service; empty when the scope is team or organisation',
    team         String COMMENT 'Team that owned the service when each run finished; of a service its owner at the last instant of the period; unknown when the catalog does not say; empty for the organisation',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while the period runs',
    metric       LowCardinality(String) COMMENT 'ci_success_ratio, ci_duration_{p50,p75,p90}_seconds, ci_queue_time_{p50,p75,p90}_seconds, ci_flaky_ratio',
    is_headline  UInt8 COMMENT '1 for the declared default of each measure, 0 for a variant beside it',
    numerator    Nullable(UInt64) COMMENT 'Of a ratio: attempts that succeeded; or (pipeline, commit) pairs that failed and passed on a re-run; NULL for a duration',
    denominator  Nullable(UInt64) COMMENT 'Of a ratio: attempts that succeeded or failed; or (pipeline, commit) pairs; NULL for a duration',
    value        Nullable(Float64) COMMENT 'The measure; NULL when there is nothing to measure',
    shown        Nullable(Float64) COMMENT 'value: shares of a complete population are shown however few there are',
    null_reason  LowCardinality(String) COMMENT 'Why value is NULL, empty when it is not: no_run, no_time (nobody said when they were queued or started)',
    n            UInt64 COMMENT 'What it rests on: attempts, pairs, or attempts with both times'
)
AS
WITH
    -- Cancelled, skipped and neutral ends say neither success nor failure: they are no attempts.
    runs AS
    (
        SELECT
            service,
            multiIf({scope:String} = 'team', team, {scope:String} = 'organisation', '', service) AS unit,
            finished_at AS ended_at,
            toDate(assumeNotNull(finished_at), ${zone}) AS day,
            outcome = 'success' AS is_success,
            dateDiff('microsecond', started_at, finished_at) AS duration_us,
            dateDiff('microsecond', queued_at, started_at) AS queue_us,
            -- What is a re-run of what: the same pipeline on the same commit; an unnamed pipeline is told by its run.
            (source, repository, if(name = '', run_id, name), commit) AS pair,
            (assumeNotNull(finished_at), run_id, attempt) AS position,
            run_id,
            attempt,
            coalesce(queued_at, started_at, finished_at) AS began_at,
            commit != '' AS has_commit
        FROM ci_runs
        WHERE service != '' AND outcome NOT IN ('', 'cancelled', 'skipped', 'neutral')
    ),
    counted AS
    (
        SELECT
            unit,
            multiIf(
                {grain:String} = 'day', day,
                {grain:String} = 'week', toStartOfWeek(day, 1),
                {grain:String} = 'month', toStartOfMonth(day),
                {grain:String} = 'quarter', toStartOfQuarter(day),
                {from:Date}
            ) AS period_start,
            count() AS attempts,
            countIf(is_success) AS succeeded,
            -- A negative time is a clock that was wrong: it is left out, and coverage says so.
            countIf(duration_us >= 0) AS timed,
            quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(duration_us), coalesce(duration_us >= 0, 0)) AS duration,
            countIf(queue_us >= 0) AS queued,
            quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(queue_us), coalesce(queue_us >= 0, 0)) AS queue
        FROM runs
        WHERE day >= {from:Date} AND day < {to:Date}
        GROUP BY unit, period_start
    ),
    -- A pair belongs to the period of its first attempt, wherever the re-run that passed lies: as recoveries do.
    pairs AS
    (
        SELECT
            argMin(unit, position) AS unit,
            argMin(day, position) AS day,
            max(is_mended) OR coalesce(min(failed_at) <= max(passing_began_at), 0) AS is_flaky
        FROM
        (
            SELECT
                service,
                pair,
                argMin(unit, runs.position) AS unit,
                argMin(day, runs.position) AS day,
                min(runs.position) AS position,
                coalesce(minOrNullIf(attempt, NOT is_success) < maxOrNullIf(attempt, is_success), 0) AS is_mended,
                minOrNullIf(ended_at, NOT is_success) AS failed_at,
                maxOrNullIf(began_at, is_success) AS passing_began_at
            FROM runs
            WHERE has_commit
            GROUP BY service, pair, run_id
        )
        GROUP BY service, pair
    ),
    flaky AS
    (
        SELECT
            unit,
            multiIf(
                {grain:String} = 'day', day,
                {grain:String} = 'week', toStartOfWeek(day, 1),
                {grain:String} = 'month', toStartOfMonth(day),
                {grain:String} = 'quarter', toStartOfQuarter(day),
                {from:Date}
            ) AS period_start,
            count() AS pairs,
            countIf(is_flaky) AS flaky
        FROM pairs
        WHERE day >= {from:Date} AND day < {to:Date}
        GROUP BY unit, period_start
    ),
    spans AS
    (
        SELECT unit, min(ended_at) AS observed_from, any(archived.archived_at) AS archived_at
        FROM runs
        LEFT JOIN (SELECT service, archived_at FROM catalog_services) AS archived ON archived.service = runs.unit
        GROUP BY unit
    ),
    cuts AS
    (
        SELECT period_start, period_end, starts_at, ends_at, is_partial
        FROM ${database}.periods_between(from = {from:Date}, to = {to:Date}, grain = {grain:String})
    ),
    spine AS
    (
        SELECT
            spans.unit AS unit,
            cuts.period_start AS period_start,
            cuts.period_end AS period_end,
            cuts.is_partial AS is_partial,
            cuts.ends_at - INTERVAL 1 MICROSECOND AS last_at
        FROM cuts
        CROSS JOIN spans
        WHERE cuts.ends_at > spans.observed_from
            AND ({scope:String} != 'service' OR isNull(spans.archived_at) OR spans.archived_at >= cuts.starts_at)
    ),
    owned AS
    (
        SELECT spine.*, owners.team AS owner
        FROM spine
        ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
            ON spine.unit = owners.name AND spine.last_at >= owners.valid_from
    ),
    measured AS
    (
        SELECT
            owned.unit AS unit,
            owned.owner AS owner,
            owned.period_start AS period_start,
            owned.period_end AS period_end,
            owned.is_partial AS is_partial,
            -- (metric, is_headline, numerator, denominator, value, n, why there is no value)
            arrayConcat(
                arrayMap(
                    ratio ->
                    (
                        ratio.1, toUInt8(1), toNullable(toUInt64(ratio.2)), toNullable(toUInt64(ratio.3)),
                        if(ratio.3 = 0, NULL, ratio.2 / ratio.3), toUInt64(ratio.3), 'no_run'
                    ),
                    [
                        ('ci_success_ratio', counted.succeeded, counted.attempts),
                        ('ci_flaky_ratio', flaky.flaky, flaky.pairs)
                    ]
                ),
                arrayMap(
                    (percentile, at) ->
                    (
                        concat('ci_duration_', percentile, '_seconds'), toUInt8(percentile = 'p50'), NULL, NULL,
                        if(counted.timed = 0, NULL, round(counted.duration[at]) / 1e6), toUInt64(counted.timed),
                        if(counted.attempts = 0, 'no_run', 'no_time')
                    ),
                    ['p50', 'p75', 'p90'], [1, 2, 3]
                ),
                arrayMap(
                    (percentile, at) ->
                    (
                        concat('ci_queue_time_', percentile, '_seconds'), toUInt8(percentile = 'p50'), NULL, NULL,
                        if(counted.queued = 0, NULL, round(counted.queue[at]) / 1e6), toUInt64(counted.queued),
                        if(counted.attempts = 0, 'no_run', 'no_time')
                    ),
                    ['p50', 'p75', 'p90'], [1, 2, 3]
                )
            ) AS measures
        FROM owned
        LEFT JOIN counted ON counted.unit = owned.unit AND counted.period_start = owned.period_start
        LEFT JOIN flaky ON flaky.unit = owned.unit AND flaky.period_start = owned.period_start
    )
SELECT
    if({scope:String} = 'service', measured.unit, '') AS service,
    multiIf(
        {scope:String} = 'service', coalesce(nullIf(measured.owner, ''), 'unknown'),
        {scope:String} = 'team', measured.unit,
        ''
    ) AS team,
    measured.period_start AS period_start,
    measured.period_end AS period_end,
    measured.is_partial AS is_partial,
    measure.1 AS metric,
    measure.2 AS is_headline,
    measure.3 AS numerator,
    measure.4 AS denominator,
    measure.5 AS value,
    value AS shown,
    if(isNull(value), measure.7, '') AS null_reason,
    measure.6 AS n
FROM measured
ARRAY JOIN measures AS measure;

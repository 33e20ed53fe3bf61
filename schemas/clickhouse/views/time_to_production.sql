-- question: How long did, or does, each service take from its start to production, and in which stage was the time spent?
-- grain: service x start (onboarded is the headline, first_commit stands beside it)
-- owner: platform-analytics
-- needs: as_of, ttp_milestones, catalog_services, catalog_ownership
CREATE OR REPLACE VIEW time_to_production ${on_cluster}
(
    service     String COMMENT 'Service',
    team        String COMMENT 'Team that owned it at the start; unknown when the catalog does not say',
    template    String COMMENT 'Golden path it was made from; empty when not said',
    start       LowCardinality(String) COMMENT 'What the clock starts at: onboarded or first_commit',
    is_headline UInt8 COMMENT '1 for onboarded, the declared default',
    started_at  DateTime64(6, 'UTC') COMMENT 'When it started',
    period_start Date COMMENT 'Cohort: first day of the month of the start, in the tenant''s zone',
    finished_at Nullable(DateTime64(6, 'UTC')) COMMENT 'First successful production deployment; NULL while there is none',
    status      LowCardinality(String) COMMENT 'done, open (on its way), or archived before it got there',
    is_open     UInt8 COMMENT '1 when censored: open or archived',
    value_seconds Nullable(Float64) COMMENT 'Time to production; NULL when not done, negative when left-truncated',
    elapsed_us  Int64 COMMENT 'Microseconds from the start to production, or to now or the archiving',
    is_left_truncated UInt8 COMMENT '1 when it was in production before its start: begun before it was observed; outside cohorts',
    onboarded_to_first_commit_seconds Nullable(Float64) COMMENT 'Stage; NULL when either end was not observed',
    first_commit_to_first_ci_run_seconds Nullable(Float64) COMMENT 'Stage; NULL when either end was not observed',
    first_ci_run_to_first_ci_success_seconds Nullable(Float64) COMMENT 'Stage; NULL when either end was not observed',
    first_ci_success_to_first_nonprod_deployment_seconds Nullable(Float64) COMMENT 'Stage; NULL when either end was not observed',
    first_nonprod_deployment_to_first_production_deployment_seconds Nullable(Float64) COMMENT 'Stage; NULL when either end was not observed',
    first_production_deployment_to_first_production_traffic_seconds Nullable(Float64) COMMENT 'Stage; NULL when either end was not observed',
    is_out_of_order UInt8 COMMENT '1 when a stage is negative: kept, not hidden'
)
AS
WITH
    reached AS
    (
        SELECT
            service,
            minOrNullIf(milestones.at, milestone = 'onboarded') AS onboarded,
            minOrNullIf(milestones.at, milestone = 'first_commit') AS first_commit,
            minOrNullIf(milestones.at, milestone = 'first_ci_run') AS first_ci_run,
            minOrNullIf(milestones.at, milestone = 'first_ci_success') AS first_ci_success,
            minOrNullIf(milestones.at, milestone = 'first_nonprod_deployment') AS first_nonprod,
            minOrNullIf(milestones.at, milestone = 'first_production_deployment') AS first_production,
            minOrNullIf(milestones.at, milestone = 'first_production_traffic') AS first_traffic
        FROM ttp_milestones AS milestones
        GROUP BY service
    ),
    started AS
    (
        SELECT
            reached.service AS service,
            onboarded, first_commit, first_ci_run, first_ci_success, first_nonprod, first_production, first_traffic,
            begun.1 AS start,
            assumeNotNull(begun.2) AS started_at,
            coalesce(services.template, '') AS template,
            -- Archived before it got there: from then on it is no longer on its way.
            if(isNull(first_production) OR first_production > services.archived_at, services.archived_at, NULL) AS given_up_at,
            if(isNull(given_up_at), first_production, NULL) AS finished_at,
            assumeNotNull(coalesce(finished_at, least(given_up_at, now.at), now.at)) AS ended_at
        FROM reached
        LEFT JOIN (SELECT service, template, archived_at FROM catalog_services) AS services
            ON services.service = reached.service
        CROSS JOIN (SELECT assumeNotNull(at) AS at FROM as_of WHERE isNotNull(at)) AS now
        ARRAY JOIN [('onboarded', onboarded), ('first_commit', first_commit)] AS begun
        WHERE isNotNull(begun.2)
    )
SELECT
    started.service AS service,
    coalesce(nullIf(owners.team, ''), 'unknown') AS team,
    started.template AS template,
    started.start AS start,
    start = 'onboarded' AS is_headline,
    started.started_at AS started_at,
    toStartOfMonth(toDate(started_at, ${zone})) AS period_start,
    started.finished_at AS finished_at,
    multiIf(isNotNull(finished_at), 'done', isNotNull(given_up_at) AND given_up_at <= ended_at, 'archived', 'open') AS status,
    status != 'done' AS is_open,
    if(is_open, NULL, elapsed_us / 1e6) AS value_seconds,
    dateDiff('microsecond', started_at, ended_at) AS elapsed_us,
    coalesce(first_production < started_at, 0) AS is_left_truncated,
    stages[1] AS onboarded_to_first_commit_seconds,
    stages[2] AS first_commit_to_first_ci_run_seconds,
    stages[3] AS first_ci_run_to_first_ci_success_seconds,
    stages[4] AS first_ci_success_to_first_nonprod_deployment_seconds,
    stages[5] AS first_nonprod_deployment_to_first_production_deployment_seconds,
    stages[6] AS first_production_deployment_to_first_production_traffic_seconds,
    arrayExists(stage -> coalesce(stage < 0, 0), stages) AS is_out_of_order
FROM
(
    SELECT
        *,
        arrayMap(
            stage -> dateDiff('microsecond', stage.1, stage.2) / 1e6,
            [
                (onboarded, first_commit), (first_commit, first_ci_run), (first_ci_run, first_ci_success),
                (first_ci_success, first_nonprod), (first_nonprod, first_production), (first_production, first_traffic)
            ]
        ) AS stages
    FROM started
) AS started
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
    ON started.service = owners.name AND started.started_at >= owners.valid_from;

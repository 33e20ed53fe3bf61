-- question: How long did, or does, each service take from its start to production, and in which stage was the time spent?
-- grain: service x start (onboarded is the headline, first_commit stands beside it)
-- owner: platform-analytics
-- needs: as_of, ttp_milestones, catalog_services, catalog_ownership, observations
CREATE OR REPLACE VIEW time_to_production ${on_cluster}
(
    service     String COMMENT 'Service',
    team        String COMMENT 'Team that owned it at the start; unknown when the catalog does not say',
    nth_of_team UInt64 COMMENT 'Which service of that team it is, by start; 0 when the team is unknown',
    template    String COMMENT 'Golden path it was made from; empty when not said',
    start       LowCardinality(String) COMMENT 'What the clock starts at: onboarded or first_commit',
    is_headline UInt8 COMMENT '1 for onboarded, the declared default',
    started_at  DateTime64(6, 'UTC') COMMENT 'When it started',
    period_start Date COMMENT 'Cohort: first day of the month of the start, in the tenant''s zone',
    finished_at Nullable(DateTime64(6, 'UTC')) COMMENT 'First successful production deployment; NULL while there is none',
    status      LowCardinality(String) COMMENT 'done, open (on its way), or archived before it got there',
    is_open     UInt8 COMMENT '1 when censored: open or archived',
    value_seconds Nullable(Float64) COMMENT 'Time to production; NULL when not done, negative when in production before the start',
    elapsed_seconds Float64 COMMENT 'From the start to production, or to now or the archiving while there is none',
    observed_since Nullable(DateTime64(6, 'UTC')) COMMENT 'Since when the sources of its events are seen: the latest of them; of a service without events the earliest of all. NULL when not declared',
    is_left_truncated UInt8 COMMENT '1 when it begun before it was observed: outside cohorts',
    truncation_rule LowCardinality(String) COMMENT 'production_before_start, begun_before_observation; empty when not truncated',
    onboarded_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Milestone; NULL when not observed',
    first_commit_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Milestone; NULL when not observed',
    first_ci_run_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Milestone; NULL when not observed',
    first_ci_success_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Milestone; NULL when not observed',
    first_nonprod_deployment_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Milestone; NULL when not observed',
    first_production_deployment_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Milestone; NULL when not observed',
    first_production_traffic_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Milestone; NULL when not observed',
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
    (SELECT mapFromArrays(groupArray(source), groupArray(observed_since)) FROM observations) AS declared,
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
            minOrNullIf(milestones.at, milestone = 'first_production_traffic') AS first_traffic,
            groupUniqArrayIf(milestones.source, origin = 'delivery') AS sources,
            arrayFilter(
                since -> isNotNull(since),
                arrayMap(
                    one -> multiIf(
                        mapContains(declared, one), toNullable(declared[one]),
                        mapContains(declared, '*'), toNullable(declared['*']),
                        NULL
                    ),
                    sources
                )
            ) AS seen_since,
            multiIf(
                notEmpty(seen_since), arrayMax(seen_since),
                empty(sources) AND notEmpty(mapValues(declared)), toNullable(arrayMin(mapValues(declared))),
                NULL
            ) AS observed_since
        FROM ttp_milestones AS milestones
        GROUP BY service
    ),
    started AS
    (
        SELECT
            reached.service AS service,
            onboarded, first_commit, first_ci_run, first_ci_success, first_nonprod, first_production, first_traffic,
            reached.observed_since AS observed_since,
            begun.1 AS start,
            assumeNotNull(begun.2) AS started_at,
            coalesce(services.template, '') AS template,
            -- Archived before it got there: from then on it is no longer on its way.
            if(isNull(first_production) OR first_production > services.archived_at, services.archived_at, NULL) AS given_up_at,
            if(isNull(given_up_at), first_production, NULL) AS finished_at,
            assumeNotNull(coalesce(finished_at, least(given_up_at, now.at), now.at)) AS ended_at,
            arrayMap(
                stage -> dateDiff('microsecond', stage.1, stage.2) / 1e6,
                [
                    (onboarded, first_commit), (first_commit, first_ci_run), (first_ci_run, first_ci_success),
                    (first_ci_success, first_nonprod), (first_nonprod, first_production), (first_production, first_traffic)
                ]
            ) AS stages
        FROM reached
        LEFT JOIN (SELECT service, template, archived_at FROM catalog_services) AS services
            ON services.service = reached.service
        CROSS JOIN (SELECT assumeNotNull(at) AS at FROM as_of WHERE isNotNull(at)) AS now
        ARRAY JOIN [('onboarded', onboarded), ('first_commit', first_commit)] AS begun
        WHERE isNotNull(begun.2)
    ),
    owned AS
    (
        SELECT
            started.*,
            coalesce(nullIf(owners.team, ''), 'unknown') AS owner,
            row_number() OVER (PARTITION BY owner, start ORDER BY started.started_at, started.service) AS position
        FROM started
        ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
            ON started.service = owners.name AND started.started_at >= owners.valid_from
    )
SELECT
    owned.service AS service,
    owned.owner AS team,
    if(owned.owner = 'unknown', 0, owned.position) AS nth_of_team,
    owned.template AS template,
    owned.start AS start,
    start = 'onboarded' AS is_headline,
    owned.started_at AS started_at,
    toStartOfMonth(toDate(started_at, ${zone})) AS period_start,
    owned.finished_at AS finished_at,
    multiIf(
        isNotNull(owned.finished_at), 'done',
        isNotNull(owned.given_up_at) AND owned.given_up_at <= owned.ended_at, 'archived',
        'open'
    ) AS status,
    status != 'done' AS is_open,
    if(is_open, NULL, elapsed_seconds) AS value_seconds,
    dateDiff('microsecond', started_at, owned.ended_at) / 1e6 AS elapsed_seconds,
    owned.observed_since AS observed_since,
    truncation_rule != '' AS is_left_truncated,
    multiIf(
        owned.first_production < owned.started_at, 'production_before_start',
        owned.started_at < owned.observed_since, 'begun_before_observation',
        ''
    ) AS truncation_rule,
    owned.onboarded AS onboarded_at,
    owned.first_commit AS first_commit_at,
    owned.first_ci_run AS first_ci_run_at,
    owned.first_ci_success AS first_ci_success_at,
    owned.first_nonprod AS first_nonprod_deployment_at,
    owned.first_production AS first_production_deployment_at,
    owned.first_traffic AS first_production_traffic_at,
    owned.stages[1] AS onboarded_to_first_commit_seconds,
    owned.stages[2] AS first_commit_to_first_ci_run_seconds,
    owned.stages[3] AS first_ci_run_to_first_ci_success_seconds,
    owned.stages[4] AS first_ci_success_to_first_nonprod_deployment_seconds,
    owned.stages[5] AS first_nonprod_deployment_to_first_production_deployment_seconds,
    owned.stages[6] AS first_production_deployment_to_first_production_traffic_seconds,
    arrayExists(stage -> coalesce(stage < 0, 0), owned.stages) AS is_out_of_order
FROM owned;

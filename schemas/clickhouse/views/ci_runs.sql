-- question: Which pipeline runs were there, of which service, and how did each attempt end?
-- grain: service x attempt of a native run (source, run_id, attempt); a run of a shared repository belongs to each of its services
-- owner: platform-analytics
-- needs: as_of, facts_slices, catalog_ownership
CREATE OR REPLACE VIEW ci_runs ${on_cluster}
(
    service     String COMMENT 'Service; empty for runs that belong to none',
    team        String COMMENT 'Team that owned the service then; unknown when the catalog does not say',
    rule        LowCardinality(String) COMMENT 'How it was found to belong to the service: explicit or repository; why not, when it belongs to none',
    source      String COMMENT 'System that said it; run_id is unique within it',
    provider    LowCardinality(String) COMMENT 'github, gitlab, emit, ...',
    system      LowCardinality(String) COMMENT 'CI system that ran it: host of the source, else the provider',
    run_id      String COMMENT 'Provider''s id of the run',
    attempt     UInt32 COMMENT 'From 1; a re-run is the next attempt of the same run',
    name        String COMMENT 'Workflow or pipeline; empty when not given',
    repository  String COMMENT 'Host-qualified name, else id; empty when not given',
    commit      String COMMENT 'Commit that it ran on; empty when not given',
    ref         String COMMENT 'Branch or tag as the provider wrote it; empty when not given',
    template    LowCardinality(String) COMMENT 'Platform-provided pipeline template; empty when not given',
    outcome     LowCardinality(String) COMMENT 'success, failure, error, timed_out, cancelled, skipped or neutral; empty while it is not finished',
    queued_at   Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was queued; NULL when nobody said it',
    started_at  Nullable(DateTime64(6, 'UTC')) COMMENT 'When it began to run; NULL when nobody said it',
    finished_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it finished: the time of the earliest event that says so; NULL while it is not',
    at          DateTime64(6, 'UTC') COMMENT 'Instant whose period the run belongs to: finished_at, else when it was first heard of',
    event       String COMMENT 'Event that ended it, else the earliest that told of it'
)
AS
SELECT
    fact.service AS service,
    coalesce(nullIf(owner.team, ''), 'unknown') AS team,
    fact.rule AS rule,
    fact.source AS source,
    fact.provider AS provider,
    fact.system AS system,
    fact.run_id AS run_id,
    fact.attempt AS attempt,
    fact.name AS name,
    fact.repository AS repository,
    fact.commit AS commit,
    fact.ref AS ref,
    fact.template AS template,
    fact.known_outcome AS outcome,
    fact.known_queued_at AS queued_at,
    fact.known_started_at AS started_at,
    fact.known_finished_at AS finished_at,
    fact.known_at AS at,
    fact.event AS event
FROM
(
    -- What is later than now is not known yet: then the run is still on its way.
    SELECT
        *,
        (SELECT at FROM as_of) AS now_at,
        if(finished_at <= now_at, finished_at, NULL) AS known_finished_at,
        if(isNull(known_finished_at), '', outcome) AS known_outcome,
        if(queued_at <= now_at, queued_at, NULL) AS known_queued_at,
        if(started_at <= now_at, started_at, NULL) AS known_started_at,
        coalesce(known_finished_at, told_at) AS known_at
    FROM facts_ci_runs FINAL
    WHERE (service, month, digest) IN (SELECT service, month, digest FROM facts_slices) AND told_at <= now_at
) AS fact
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owner
    ON fact.service = owner.name AND fact.known_at >= owner.valid_from;

-- question: Which facts do the velocity measures count, each with its instant and its owner then?
-- grain: fact (release, commit, and whatever shows that a service was observed)
-- owner: platform-analytics
-- needs: as_of, facts_slices, release_facts, catalog_ownership
CREATE OR REPLACE VIEW velocity_facts ${on_cluster}
(
    service              String COMMENT 'Service',
    team                 String COMMENT 'Team that owned it then; unknown when the catalog does not say',
    at                   DateTime64(6, 'UTC') COMMENT 'Instant whose period the fact belongs to',
    day                  Date COMMENT 'Its day, in the tenant''s zone',
    kind                 LowCardinality(String) COMMENT 'release, commit, attempt (any environment) or observed',
    is_success           UInt8 COMMENT 'Release: 1 when it succeeded',
    is_failed            UInt8 COMMENT 'Release: 1 when it failed',
    is_rollback          UInt8 COMMENT 'Release: 1 when it restored an earlier version',
    is_rework            UInt8 COMMENT 'Release: 1 when made because of an incident',
    recovery_us          Nullable(Int64) COMMENT 'Failed release: microseconds from failure to recovery; NULL while open',
    lead_us              Nullable(Int64) COMMENT 'Commit: microseconds from commit to production; NULL when not counted',
    first_commit_lead_us Nullable(Int64) COMMENT 'Commit: the same from the first commit of a squashed change',
    is_bot               UInt8 COMMENT 'Commit: 1 when made by a robot'
)
AS
SELECT
    fact.service AS service,
    coalesce(nullIf(owners.team, ''), 'unknown') AS team,
    fact.at AS at,
    toDate(fact.at, ${zone}) AS day,
    fact.kind AS kind,
    fact.is_success AS is_success,
    fact.is_failed AS is_failed,
    fact.is_rollback AS is_rollback,
    fact.is_rework AS is_rework,
    fact.recovery_us AS recovery_us,
    fact.lead_us AS lead_us,
    fact.first_commit_lead_us AS first_commit_lead_us,
    fact.is_bot AS is_bot
FROM
(
    SELECT
        service, at, 'release' AS kind, isNotNull(finished_at) AS is_success, is_failed, is_rollback, is_rework,
        dateDiff('microsecond', failed_at, recovered_at) AS recovery_us,
        NULL AS lead_us, NULL AS first_commit_lead_us, 0 AS is_bot
    FROM release_facts
    UNION ALL
    SELECT
        service, at, 'commit', 0, 0, 0, 0, NULL, if(not_counted = '', lead_time_us, NULL),
        if(not_counted = '', first_commit_lead_time_us, NULL), is_bot
    FROM facts_commits FINAL
    WHERE (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)
    UNION ALL
    SELECT
        service, at, 'attempt', 0, 0, 0, 0, NULL, NULL, NULL, 0
    FROM facts_attempts FINAL
    WHERE (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)
    UNION ALL
    SELECT
        service, at, 'observed', 0, 0, 0, 0, NULL, NULL, NULL, 0
    FROM facts_incidents FINAL
    WHERE (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)
    UNION ALL
    SELECT
        service, at, 'observed', 0, 0, 0, 0, NULL, NULL, NULL, 0
    FROM facts_milestones FINAL
    WHERE (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)
) AS fact
-- One join for all kinds, instead of the views of each kind with a join of its own: a third of the query's time.
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
    ON fact.service = owners.name AND fact.at >= owners.valid_from
WHERE fact.at <= (SELECT at FROM as_of);

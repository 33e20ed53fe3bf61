-- question: What is to be said of each production deployment as of now, or as of the instant at which the clock is pinned?
-- grain: service x release (production deployment, regions collapsed)
-- owner: platform-analytics
-- needs: as_of, facts_slices
CREATE OR REPLACE VIEW release_facts ${on_cluster}
(
    service         String COMMENT 'Service',
    release         String COMMENT 'Deployment id of the attempt that anchors the release',
    environments    Array(String) COMMENT 'Production environments that it reached',
    deployment_ids  Array(String) COMMENT 'Attempts collapsed into it',
    version         String COMMENT 'Deployed version; empty when not given',
    commit          String COMMENT 'Deployed commit; empty when not given',
    at              DateTime64(6, 'UTC') COMMENT 'Instant whose period the attempt belongs to: finished_at, else failed_at',
    finished_at     Nullable(DateTime64(6, 'UTC')) COMMENT 'First success over its environments',
    failed_at       Nullable(DateTime64(6, 'UTC')) COMMENT 'First success, else first terminal failure; set when is_failed',
    is_first        UInt8 COMMENT '1 for the first successful release of the service',
    is_rollback     UInt8 COMMENT '1 when it restored an earlier version',
    is_failed       UInt8 COMMENT '1 when it ended in failure, was rolled back, or has an incident',
    failure_reasons Array(LowCardinality(String)) COMMENT 'ended_in_failure, rolled_back, incident',
    is_rework       UInt8 COMMENT '1 when made because of an incident: rollback or hotfix',
    rework_rule     LowCardinality(String) COMMENT 'rollback, label, ref, title or link; empty when not rework',
    recovered_at    Nullable(DateTime64(6, 'UTC')) COMMENT 'When a failed one was recovered; NULL while open or not failed',
    recovery_rule   LowCardinality(String) COMMENT 'rollback, fix, incidents or next_success; empty when not recovered',
    recovered_by    String COMMENT 'Deployment or incident that recovered it; empty when not recovered',
    incidents       Array(String) COMMENT 'Incidents attributed to it',
    commit_rule     LowCardinality(String) COMMENT 'list, pushes, merges, head or none: how its commits were found',
    flags           Array(LowCardinality(String)) COMMENT 'gap, forced, forks, no_commit, ...',
    commits         UInt32 COMMENT 'Commits that got their lead time from it'
)
AS
SELECT
    service,
    release,
    if(past = 0, fact.environments, known.2) AS environments,
    if(past = 0, fact.deployment_ids, known.3) AS deployment_ids,
    fact.version AS version,
    fact.commit AS commit,
    fact.at AS at,
    fact.finished_at AS finished_at,
    if(notEmpty(failure_reasons) OR is_failed, fact.at, NULL) AS failed_at,
    fact.is_first AS is_first,
    if(past = 0, fact.is_rollback, known.4) AS is_rollback,
    if(past = 0, fact.is_failed, toUInt8(notEmpty(known.5))) AS is_failed,
    if(past = 0, fact.failure_reasons, CAST(known.5, 'Array(LowCardinality(String))')) AS failure_reasons,
    toUInt8(if(past = 0, fact.is_rework, known.6 != '')) AS is_rework,
    if(past = 0, fact.rework_rule, known.6) AS rework_rule,
    if(past = 0, if(fact.recovered_at <= now_at, fact.recovered_at, NULL), known.7) AS recovered_at,
    if(isNull(recovered_at), '', if(past = 0, fact.recovery_rule, known.8)) AS recovery_rule,
    if(isNull(recovered_at), '', if(past = 0, fact.recovered_by, known.9)) AS recovered_by,
    if(past = 0, fact.incidents, known.10) AS incidents,
    fact.commit_rule AS commit_rule,
    fact.flags AS flags,
    fact.commits AS commits
FROM
(
    SELECT
        *,
        assumeNotNull((SELECT at FROM as_of)) AS now_at,
        -- Verdicts before the present one hold until another took their place: the first that had not ended by then.
        arrayFirstIndex(verdict -> verdict.1 > now_at, earlier) AS past,
        earlier[past] AS known
    FROM facts_releases FINAL
    WHERE (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)
        AND at <= (SELECT at FROM as_of)
) AS fact;

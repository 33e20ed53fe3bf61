-- question: Which production deployments were there, which of them failed, and when were they recovered?
-- grain: service x release (production deployment, regions collapsed)
-- owner: platform-analytics
-- needs: release_facts, catalog_ownership
CREATE OR REPLACE VIEW deployments ${on_cluster}
(
    service         String COMMENT 'Service',
    team            String COMMENT 'Team that owned the service then; unknown when the catalog does not say',
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
    fact.service AS service,
    coalesce(nullIf(owner.team, ''), 'unknown') AS team,
    fact.release AS release,
    fact.environments AS environments,
    fact.deployment_ids AS deployment_ids,
    fact.version AS version,
    fact.commit AS commit,
    fact.at AS at,
    fact.finished_at AS finished_at,
    fact.failed_at AS failed_at,
    fact.is_first AS is_first,
    fact.is_rollback AS is_rollback,
    fact.is_failed AS is_failed,
    fact.failure_reasons AS failure_reasons,
    fact.is_rework AS is_rework,
    fact.rework_rule AS rework_rule,
    fact.recovered_at AS recovered_at,
    fact.recovery_rule AS recovery_rule,
    fact.recovered_by AS recovered_by,
    fact.incidents AS incidents,
    fact.commit_rule AS commit_rule,
    fact.flags AS flags,
    fact.commits AS commits
FROM release_facts AS fact
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owner
    ON fact.service = owner.name AND fact.at >= owner.valid_from;

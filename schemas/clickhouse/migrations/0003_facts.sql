-- Facts of the delivery stream, computed by one pure function per service. A slice (service, month) is addressed by the
-- digest of its content, so its rows never change; the head of a service names the digests that hold now and is
-- replaced whole, by version = incarnation << 40 | offset. Views read facts through heads only: a fact that no longer
-- holds vanishes with the head, an unchanged slice is not written again, and a stalled writer cannot bring back an old one.
CREATE TABLE IF NOT EXISTS facts_heads ${on_cluster}
(
    service   String COMMENT 'Service; empty for events that belong to none',
    version   UInt64 COMMENT 'incarnation << 40 | offset of the mark that was served',
    months    Array(Date) COMMENT 'Months that have facts',
    digests   Array(String) COMMENT 'Digest of each month''s facts',
    events    UInt64 COMMENT 'Delivery events read',
    data_until Nullable(DateTime64(6, 'UTC')) COMMENT 'Latest event read'
)
ENGINE = ${replacing}(version)
ORDER BY service
SETTINGS ${durable};

CREATE TABLE IF NOT EXISTS facts_attempts ${on_cluster}
(
    service      String COMMENT 'Service',
    month        Date COMMENT 'Slice',
    digest       String COMMENT 'Slice content',
    deployment_id String COMMENT 'Provider''s id',
    environment  String COMMENT 'Environment as sent; empty when not given',
    tier         LowCardinality(String) COMMENT 'production, nonprod or unknown',
    tier_rule    LowCardinality(String) COMMENT 'How the tier was found',
    region       String COMMENT 'Region; empty when not given',
    release      String COMMENT 'Release that this attempt is part of; empty outside production',
    version      String COMMENT 'Deployed version; empty when not given',
    commit       String COMMENT 'Deployed commit; empty when not given',
    status       LowCardinality(String) COMMENT 'success, failure or open (no terminal status yet)',
    started_at   Nullable(DateTime64(6, 'UTC')) COMMENT 'First known start',
    finished_at  Nullable(DateTime64(6, 'UTC')) COMMENT 'First success',
    failed_at    Nullable(DateTime64(6, 'UTC')) COMMENT 'First terminal failure, only of an attempt without success',
    is_rollback  UInt8 COMMENT '1 when it restored an earlier version',
    rolled_back_by String COMMENT 'Deployment that rolled it back; empty when none did',
    at           DateTime64(6, 'UTC') COMMENT 'First success, else first terminal failure, else first status'
)
ENGINE = ${replacing}
ORDER BY (service, month, digest, environment, deployment_id)
SETTINGS ${durable};

CREATE TABLE IF NOT EXISTS facts_releases ${on_cluster}
(
    service       String COMMENT 'Service',
    month         Date COMMENT 'Slice',
    digest        String COMMENT 'Slice content',
    release       String COMMENT 'Deployment id of the attempt that anchors the release',
    environments  Array(String) COMMENT 'Production environments that it reached',
    deployment_ids Array(String) COMMENT 'Attempts collapsed into it',
    version       String COMMENT 'Deployed version; empty when not given',
    commit        String COMMENT 'Deployed commit; empty when not given',
    at            DateTime64(6, 'UTC') COMMENT 'Instant whose period the attempt belongs to: finished_at, else failed_at',
    finished_at   Nullable(DateTime64(6, 'UTC')) COMMENT 'First success over its environments',
    failed_at     Nullable(DateTime64(6, 'UTC')) COMMENT 'First success, else first terminal failure; set when is_failed',
    is_first      UInt8 COMMENT '1 for the first successful release of the service',
    is_rollback   UInt8 COMMENT '1 when it restored an earlier version',
    is_failed     UInt8 COMMENT '1 when it ended in failure, was rolled back, or has an incident',
    failure_reasons Array(LowCardinality(String)) COMMENT 'ended_in_failure, rolled_back, incident',
    is_rework     UInt8 COMMENT '1 when made because of an incident: rollback or hotfix',
    rework_rule   LowCardinality(String) COMMENT 'rollback, label, ref, title or link; empty when not rework',
    recovered_at  Nullable(DateTime64(6, 'UTC')) COMMENT 'When a failed one was recovered; NULL while open or not failed',
    recovery_rule LowCardinality(String) COMMENT 'rollback, fix, incidents or next_success; empty when not recovered',
    recovered_by  String COMMENT 'Deployment or incident that recovered it; empty when not recovered',
    incidents     Array(String) COMMENT 'Incidents attributed to it',
    commit_rule   LowCardinality(String) COMMENT 'list, pushes, merges, head or none: how its commits were found',
    flags         Array(LowCardinality(String)) COMMENT 'gap, forced, forks, no_commit, ...',
    commits       UInt32 COMMENT 'Commits that got their lead time from it'
)
ENGINE = ${replacing}
ORDER BY (service, month, digest, release)
SETTINGS ${durable};

CREATE TABLE IF NOT EXISTS facts_commits ${on_cluster}
(
    service       String COMMENT 'Service',
    month         Date COMMENT 'Slice: month of the deployment',
    digest        String COMMENT 'Slice content',
    sha           String COMMENT 'Commit',
    release       String COMMENT 'First successful production release that holds it',
    at            DateTime64(6, 'UTC') COMMENT 'finished_at of that release',
    committed_at  Nullable(DateTime64(6, 'UTC')) COMMENT 'The commit''s one time',
    clock         LowCardinality(String) COMMENT 'author, committer or unknown',
    lead_time_us  Nullable(Int64) COMMENT 'Deployment minus commit time in microseconds; NULL when not counted',
    first_commit_lead_time_us Nullable(Int64) COMMENT 'From the first commit of the squashed change; NULL when none',
    rule          LowCardinality(String) COMMENT 'list, pushes, merges or head',
    is_first      UInt8 COMMENT '1 when deployed by the first release',
    is_bot        UInt8 COMMENT '1 when made by a robot',
    is_squash     UInt8 COMMENT '1 when it is the squash commit of a change',
    not_counted   LowCardinality(String) COMMENT 'merge_commit, clock_skew, no_time; empty when counted',
    coding_us     Nullable(Int64) COMMENT 'Stage: first commit to change opened, microseconds',
    review_us     Nullable(Int64) COMMENT 'Stage: change opened to first approval, microseconds',
    merge_us      Nullable(Int64) COMMENT 'Stage: first approval to merge, microseconds',
    deploy_us     Nullable(Int64) COMMENT 'Stage: merge to deployment, microseconds'
)
ENGINE = ${replacing}
ORDER BY (service, month, digest, sha)
SETTINGS ${durable};

CREATE TABLE IF NOT EXISTS facts_incidents ${on_cluster}
(
    service     String COMMENT 'Service',
    month       Date COMMENT 'Slice: month it began',
    digest      String COMMENT 'Slice content',
    incident    String COMMENT 'Provider''s id',
    episode     UInt16 COMMENT '0, then 1 for each reopening',
    environment String COMMENT 'Environment it named; empty when none',
    at          DateTime64(6, 'UTC') COMMENT 'When it began',
    resolved_at Nullable(DateTime64(6, 'UTC')) COMMENT 'First resolution; NULL while open',
    release     String COMMENT 'Release that it is attributed to; empty when none',
    rule        LowCardinality(String) COMMENT 'deployment, commit, version, window or unattributed'
)
ENGINE = ${replacing}
ORDER BY (service, month, digest, incident, episode)
SETTINGS ${durable};

CREATE TABLE IF NOT EXISTS facts_milestones ${on_cluster}
(
    service    String COMMENT 'Service',
    month      Date COMMENT 'Slice: month of the milestone',
    digest     String COMMENT 'Slice content',
    milestone  LowCardinality(String) COMMENT 'first_commit, first_ci_run, first_ci_success, first_nonprod_deployment, first_production_deployment',
    at         DateTime64(6, 'UTC') COMMENT 'When it was reached',
    source     String COMMENT 'Event that reached it: source',
    event      String COMMENT 'Event that reached it: id'
)
ENGINE = ${replacing}
ORDER BY (service, month, digest, milestone)
SETTINGS ${durable};

-- Every delivery event that was considered for a service, and what became of it: disputes are about what did not count.
CREATE TABLE IF NOT EXISTS facts_evidence ${on_cluster}
(
    service String COMMENT 'Service; empty for events that belong to none',
    month   Date COMMENT 'Slice: month of the event',
    digest  String COMMENT 'Slice content',
    source  String COMMENT 'Event: source',
    event   String COMMENT 'Event: id',
    kind    LowCardinality(String) COMMENT 'ci_run, push, merge, deployment or incident',
    at      DateTime64(6, 'UTC') COMMENT 'When it happened',
    rule    LowCardinality(String) COMMENT 'How it was found to belong to the service: explicit, path, repository, reference',
    counted UInt8 COMMENT '1 when some fact rests on it',
    reason  LowCardinality(String) COMMENT 'Why it was not counted; empty when it was',
    fact    String COMMENT 'Release, incident or commit that it was counted for; empty when none'
)
ENGINE = ${replacing}
ORDER BY (service, month, digest, source, event)
SETTINGS ${durable};

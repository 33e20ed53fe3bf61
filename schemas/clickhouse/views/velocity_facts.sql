-- question: Which facts do the velocity measures count, each with its instant and its owner then?
-- grain: fact (release, commit, and whatever shows that a service was observed)
-- owner: platform-analytics
-- needs: deployments, commits, attempts, incidents, milestones
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
    service,
    team,
    at,
    toDate(at, ${zone}) AS day,
    'release' AS kind,
    isNotNull(finished_at) AS is_success,
    is_failed,
    is_rollback,
    is_rework,
    if(is_failed, dateDiff('microsecond', failed_at, recovered_at), NULL) AS recovery_us,
    NULL AS lead_us,
    NULL AS first_commit_lead_us,
    0 AS is_bot
FROM deployments
UNION ALL
SELECT
    service, team, at, toDate(at, ${zone}), 'commit', 0, 0, 0, 0, NULL,
    if(not_counted = '', lead_time_us, NULL),
    if(not_counted = '', first_commit_lead_time_us, NULL),
    is_bot
FROM commits
UNION ALL
SELECT service, team, at, toDate(at, ${zone}), 'attempt', 0, 0, 0, 0, NULL, NULL, NULL, 0 FROM attempts
UNION ALL
SELECT service, team, at, toDate(at, ${zone}), 'observed', 0, 0, 0, 0, NULL, NULL, NULL, 0 FROM incidents
UNION ALL
SELECT service, team, at, toDate(at, ${zone}), 'observed', 0, 0, 0, 0, NULL, NULL, NULL, 0 FROM milestones;

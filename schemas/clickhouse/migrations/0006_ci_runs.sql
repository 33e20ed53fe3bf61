-- CI runs, one row per native attempt, behind the heads like every fact. Read from the archive instead, 100,000 runs of
-- three states each took 3.5 s a query, most of it JSON and the join with the evidence that says whose they are.
CREATE TABLE IF NOT EXISTS facts_ci_runs ${on_cluster}
(
    service     String COMMENT 'Service; empty for runs that belong to none',
    month       Date COMMENT 'Slice',
    digest      String COMMENT 'Slice content',
    source      String COMMENT 'System that said it; run_id is unique within it',
    run_id      String COMMENT 'Provider''s id of the run',
    attempt     UInt32 COMMENT 'From 1; a re-run is the next attempt of the same run',
    provider    LowCardinality(String) COMMENT 'github, gitlab, emit, ...',
    system      LowCardinality(String) COMMENT 'CI system: host of the source, else the provider',
    name        String COMMENT 'Workflow or pipeline; empty when not given',
    repository  String COMMENT 'Host-qualified name, else id; empty when not given',
    commit      String COMMENT 'Commit that it ran on; empty when not given',
    ref         String COMMENT 'Branch or tag; empty when not given',
    template    LowCardinality(String) COMMENT 'Platform-provided pipeline template; empty when not given',
    rule        LowCardinality(String) COMMENT 'How it was found to belong to the service',
    outcome     LowCardinality(String) COMMENT 'How the attempt ended; empty while it is not finished',
    queued_at   Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was queued; NULL when nobody said it',
    started_at  Nullable(DateTime64(6, 'UTC')) COMMENT 'When it began to run; NULL when nobody said it',
    finished_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it finished; NULL while nobody said it',
    told_at     DateTime64(6, 'UTC') COMMENT 'Earliest event of the attempt',
    at          DateTime64(6, 'UTC') COMMENT 'finished_at, else told_at',
    event       String COMMENT 'Event that ended it, else the earliest'
)
ENGINE = ${replacing}
ORDER BY (service, month, digest, source, run_id, attempt)
SETTINGS ${durable};

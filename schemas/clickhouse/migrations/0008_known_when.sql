-- What a pinned `as_of` in the past may not know yet: rollbacks, incidents, recoveries and further regions come after the
-- release that they change. The last verdict stays in the columns; those before it, each with the instant until which it
-- held, stand beside it. A release that nothing changed later has none.
ALTER TABLE facts_releases ${on_cluster}
    ADD COLUMN IF NOT EXISTS earlier Array(Tuple(
        until           DateTime64(6, 'UTC'),
        environments    Array(String),
        deployment_ids  Array(String),
        is_rollback     UInt8,
        failure_reasons Array(String),
        rework_rule     String,
        recovered_at    Nullable(DateTime64(6, 'UTC')),
        recovery_rule   String,
        recovered_by    String,
        incidents       Array(String)
    )) COMMENT 'Verdicts before the present one, in order; until: first instant at which the next one holds';

ALTER TABLE facts_attempts ${on_cluster}
    ADD COLUMN IF NOT EXISTS rolled_back_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was rolled back; NULL when it was not';

ALTER TABLE facts_incidents ${on_cluster}
    ADD COLUMN IF NOT EXISTS attributed_at Nullable(DateTime64(6, 'UTC')) COMMENT 'From when that release exists: it may come after the incident that names it; NULL when unattributed';

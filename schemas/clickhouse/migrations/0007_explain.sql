-- Why a number is what it is, and what became of numbers that people had read.
-- Which events each fact rests on, and as what: an event may carry several facts, a fact may rest on several events.
CREATE TABLE IF NOT EXISTS facts_grounds ${on_cluster}
(
    service   String COMMENT 'Service',
    month     Date COMMENT 'Slice: month of the fact',
    digest    String COMMENT 'Slice content',
    fact_kind LowCardinality(String) COMMENT 'release, commit or incident',
    fact      String COMMENT 'Release, commit or incident; of an incident opened again with # and the episode',
    at        DateTime64(6, 'UTC') COMMENT 'The fact''s instant',
    role      LowCardinality(String) COMMENT 'What the event says of the fact: finished, failed, region, ended_in_failure, rolled_back, incident, recovered, rework, committed, first_commit, opened, resolved',
    source    String COMMENT 'Event: source',
    event     String COMMENT 'Event: id',
    kind      LowCardinality(String) COMMENT 'push, merge, deployment or incident',
    event_at  DateTime64(6, 'UTC') COMMENT 'When the event happened'
)
ENGINE = ${replacing}
ORDER BY (service, month, digest, fact_kind, fact, role, source, event)
SETTINGS ${durable};

-- Facts of a day that was over when the events came which changed them. Keyed by the head that was replaced: a recompute
-- that died after this and before its head writes the same rows again.
CREATE TABLE IF NOT EXISTS restated_facts ${on_cluster}
(
    service   String COMMENT 'Service',
    fact_kind LowCardinality(String) COMMENT 'release, commit, incident, milestone or ci_run',
    fact      String COMMENT 'Name of the fact within its kind',
    since     UInt64 COMMENT 'Version of the head that was replaced',
    version   UInt64 COMMENT 'Version of the head that replaced it',
    at        DateTime64(6, 'UTC') COMMENT 'The fact''s instant; of one that moved the earlier',
    change    LowCardinality(String) COMMENT 'added, changed or removed',
    columns   Array(LowCardinality(String)) COMMENT 'Columns of the fact that changed; none of one added or removed',
    before    String COMMENT 'What they said, as JSON; empty of one added',
    after     String COMMENT 'What they say, as JSON; empty of one removed',
    came_at   DateTime64(6, 'UTC') COMMENT 'When the mark that asked for the recompute was made: after its events were stored',
    events    Array(Tuple(source String, id String)) COMMENT 'Of the events that came to the service, changed, or left it, those that the fact rests on, else all; at most 20. None: the catalog or a setting changed',
    n_events  UInt32 COMMENT 'How many came, changed or left since the head before'
)
ENGINE = ${replacing}(version)
ORDER BY (service, fact_kind, fact, since)
SETTINGS ${durable};

-- What a gateway hour said before it was written anew, where its day was over by then.
CREATE TABLE IF NOT EXISTS restated_hours ${on_cluster}
(
    service  LowCardinality(String) COMMENT 'Service as the gateway names it',
    hour     DateTime('UTC') COMMENT 'Start of the hour, UTC',
    since    UInt64 COMMENT 'Version of the slice that was replaced; 0 when there was none',
    version  UInt64 COMMENT 'Version of the slice that replaced it',
    requests UInt64 COMMENT 'Requests that it said there were',
    came_at  DateTime64(6, 'UTC') COMMENT 'When the mark that asked for the recompute was made: after its units were stored'
)
ENGINE = ${replacing}(version)
ORDER BY (service, hour, since)
SETTINGS ${durable};

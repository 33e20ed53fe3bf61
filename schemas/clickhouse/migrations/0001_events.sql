-- The raw archive of delivery and catalog events; replay, recompute and explain start here.
-- Identity is (source, id). A replayed or twice delivered event is one row (the sorting key holds identity and content);
-- of two contents under one identity the greatest version (mapper revision, content digest) counts: readers take it with
-- ORDER BY version DESC LIMIT 1 BY source, id. The others stay, so that the services they once belonged to are known.
CREATE TABLE IF NOT EXISTS delivery_events ${on_cluster}
(
    source          String COMMENT 'System that said it (CloudEvents source)',
    id              String COMMENT 'Digest of the native identity (CloudEvents id)',
    kind            LowCardinality(String) COMMENT 'ci_run, push, merge, deployment or incident',
    time            DateTime64(6, 'UTC') COMMENT 'When it happened',
    subject         String COMMENT 'Repository, application or incident; empty when not given',
    service         String COMMENT 'Service that the sender named; empty when it named none',
    repository_id   String COMMENT 'Provider-qualified native id; empty when not given',
    repository_name String COMMENT 'Host-qualified name in lower case; empty when not given',
    references      Array(String) COMMENT 'Deployment ids and commits: what a deployment is, what an incident points at',
    data            String COMMENT 'The contract as JSON' CODEC(ZSTD(3)),
    revision        UInt32 COMMENT 'Revision of the mapper that made it',
    version         UInt64 COMMENT 'Rank of this content under its identity',
    topic           LowCardinality(String) COMMENT 'Where it was read',
    partition       UInt32 COMMENT 'Where it was read',
    offset          UInt64 COMMENT 'Where it was read',
    INDEX by_service service TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_repository_id repository_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_repository_name repository_name TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ${replacing}
ORDER BY (source, id, version)
SETTINGS ${durable};

CREATE TABLE IF NOT EXISTS catalog_events ${on_cluster}
(
    source    String COMMENT 'System that said it (CloudEvents source)',
    id        String COMMENT 'Digest of the native identity (CloudEvents id)',
    kind      LowCardinality(String) COMMENT 'service, team, mapping, ownership, consumer, grant, slo, target, annotation',
    time      DateTime64(6, 'UTC') COMMENT 'When it was observed',
    at        DateTime64(6, 'UTC') COMMENT 'Declared start where there is one, else when it was observed',
    entity    String COMMENT 'What the fact is about: service, team, consumer or repository',
    removed   UInt8 COMMENT '1 closes the interval',
    data      String COMMENT 'The contract as JSON' CODEC(ZSTD(3)),
    revision  UInt32 COMMENT 'Revision of the mapper that made it',
    version   UInt64 COMMENT 'Rank of this content under its identity',
    topic     LowCardinality(String) COMMENT 'Where it was read',
    partition UInt32 COMMENT 'Where it was read',
    offset    UInt64 COMMENT 'Where it was read'
)
ENGINE = ${replacing}
ORDER BY (source, id, version)
SETTINGS ${durable};

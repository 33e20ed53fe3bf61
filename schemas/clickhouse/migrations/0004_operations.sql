-- Dead letters: what could not be read or written, with its bytes, so that it can be looked at and replayed.
CREATE TABLE IF NOT EXISTS dead_letters ${on_cluster}
(
    topic        LowCardinality(String) COMMENT 'Topic it was read from',
    partition    UInt32 COMMENT 'Partition it was read from',
    offset       UInt64 COMMENT 'Offset it was read from',
    incarnation  UInt32 COMMENT 'Incarnation of the topic: offsets of an embedded broker start again',
    reason       LowCardinality(String) COMMENT 'Reason code',
    detail       String COMMENT 'What was expected and what came',
    time         DateTime64(6, 'UTC') COMMENT 'When the record was appended to its topic',
    key          String COMMENT 'Record key, as it was',
    value        String COMMENT 'Record value, as it was' CODEC(ZSTD(3)),
    headers      Array(Tuple(name String, value String)) COMMENT 'Record headers, as they were',
    identity     FixedString(16) COMMENT 'Digest of (topic, key, value, headers): a replay of the same record is one row'
)
ENGINE = ${replacing}
ORDER BY (topic, identity)
SETTINGS ${durable};

-- The one source of "now": no view calls now(). The recompute worker ticks 'live'; 'pinned' overrides it.
CREATE TABLE IF NOT EXISTS clock ${on_cluster}
(
    name    LowCardinality(String) COMMENT 'live or pinned',
    at      Nullable(DateTime64(6, 'UTC')) COMMENT 'The instant; NULL unpins',
    version UInt64 COMMENT 'Greatest counts'
)
ENGINE = ${replacing}(version)
ORDER BY name
SETTINGS ${durable};

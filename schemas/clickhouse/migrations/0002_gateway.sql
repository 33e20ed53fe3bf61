-- Gateway traffic. Unit rows are what a unit's requests sum up to, keyed by (dimensions, minute, unit, content): the
-- same unit written twice is the same rows. No view reads them; recompute turns dirty hours into one row each.
CREATE TABLE IF NOT EXISTS gateway_unit_rows ${on_cluster}
(
    ingest_day      Date COMMENT 'Day the unit was written; the partition',
    service         LowCardinality(String) COMMENT 'Service as the gateway names it',
    minute          DateTime('UTC') COMMENT 'Start of the minute of the requests',
    consumer        LowCardinality(String) COMMENT 'Caller identity; empty when not given',
    team            LowCardinality(String) COMMENT 'Team the record named; empty when it named none',
    environment     LowCardinality(String) COMMENT 'Environment the record named; empty when it named none',
    route           LowCardinality(String) COMMENT 'Route template',
    method          LowCardinality(String) COMMENT 'HTTP method',
    status          UInt16 COMMENT 'HTTP status; 0 when no response was sent',
    outcome         LowCardinality(String) COMMENT 'ok, client_error, error or limited',
    is_synthetic    UInt8 COMMENT '1 for probes and health checks',
    unit            FixedString(16) COMMENT 'What counts once',
    content         FixedString(16) COMMENT 'Digest of the unit''s rows',
    requests        UInt64 COMMENT 'Requests in the group',
    request_bytes   UInt64 COMMENT 'Sum of request sizes, where known',
    response_bytes  UInt64 COMMENT 'Sum of response sizes, where known',
    latency_buckets Array(UInt16) COMMENT 'Log-scale histogram: bucket numbers, see latency_histogram',
    latency_counts  Array(UInt32) COMMENT 'Log-scale histogram: requests per bucket',
    first_at        DateTime64(6, 'UTC') COMMENT 'Earliest request of the group',
    last_at         DateTime64(6, 'UTC') COMMENT 'Latest request of the group'
)
ENGINE = ${replacing}
PARTITION BY ingest_day
ORDER BY (service, minute, consumer, team, environment, route, method, status, outcome, is_synthetic, unit, content)
SETTINGS ${durable};

CREATE TABLE IF NOT EXISTS gateway_units ${on_cluster}
(
    first_day Date COMMENT 'Day of the unit''s earliest request',
    unit      FixedString(16) COMMENT 'What counts once',
    content   FixedString(16) COMMENT 'Digest of the unit''s rows; of two contents the greatest counts',
    source    LowCardinality(String) COMMENT 'Authenticated source that sent it',
    requests  UInt64 COMMENT 'Requests in the unit',
    first_at  DateTime64(6, 'UTC') COMMENT 'Earliest request',
    last_at   DateTime64(6, 'UTC') COMMENT 'Latest request',
    services  Array(LowCardinality(String)) COMMENT 'Slices touched: service, same length as hours',
    hours     Array(DateTime('UTC')) COMMENT 'Slices touched: hour, same length as services',
    topic     LowCardinality(String) COMMENT 'Where it was read',
    partition UInt32 COMMENT 'Where it was read',
    offset    UInt64 COMMENT 'Where it was read'
)
ENGINE = ${replacing}
ORDER BY (unit, content)
-- Looked up by unit, and units are digests: a look-up reads one granule, so granules are small.
SETTINGS index_granularity = 512, ${durable};

-- One row per service and hour: a recompute replaces the whole slice, so that what no longer holds is gone.
CREATE TABLE IF NOT EXISTS gateway_hour_slices ${on_cluster}
(
    service         LowCardinality(String) COMMENT 'Service as the gateway names it',
    hour            DateTime('UTC') COMMENT 'Start of the hour, UTC',
    version         UInt64 COMMENT 'incarnation << 40 | offset of the mark that was served',
    consumer        Array(LowCardinality(String)) COMMENT 'Caller identity per group',
    team            Array(LowCardinality(String)) COMMENT 'Team that the record named per group',
    environment     Array(LowCardinality(String)) COMMENT 'Environment per group',
    route           Array(LowCardinality(String)) COMMENT 'Route template per group',
    method          Array(LowCardinality(String)) COMMENT 'HTTP method per group',
    status          Array(UInt16) COMMENT 'HTTP status per group',
    outcome         Array(LowCardinality(String)) COMMENT 'Outcome per group',
    is_synthetic    Array(UInt8) COMMENT 'Synthetic flag per group',
    requests        Array(UInt64) COMMENT 'Requests per group',
    request_bytes   Array(UInt64) COMMENT 'Sum of request sizes per group',
    response_bytes  Array(UInt64) COMMENT 'Sum of response sizes per group',
    latency_buckets Array(Array(UInt16)) COMMENT 'Log-scale histogram per group: bucket numbers',
    latency_counts  Array(Array(UInt64)) COMMENT 'Log-scale histogram per group: requests per bucket',
    first_at        Array(DateTime64(6, 'UTC')) COMMENT 'Earliest request per group',
    last_at         Array(DateTime64(6, 'UTC')) COMMENT 'Latest request per group'
)
ENGINE = ${replacing}(version)
PARTITION BY toYYYYMM(hour)
ORDER BY (service, hour)
SETTINGS ${durable};

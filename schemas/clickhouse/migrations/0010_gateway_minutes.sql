-- The minute tier, in the row of its hour: one recompute replaces both at once, so that minutes and hours cannot disagree.
-- Parallel arrays, one element per (minute, environment, route, outcome) and, of errors only, caller: who was hit is asked
-- of errors alone, and they are few. Hours that were recomputed before this migration have traffic and no minutes.
ALTER TABLE gateway_hour_slices ${on_cluster}
    ADD COLUMN IF NOT EXISTS minute_number Array(UInt8) COMMENT 'Minute of the hour per minute group',
    ADD COLUMN IF NOT EXISTS minute_environment Array(LowCardinality(String)) COMMENT 'Environment per minute group',
    ADD COLUMN IF NOT EXISTS minute_route Array(LowCardinality(String)) COMMENT 'Route template per minute group',
    ADD COLUMN IF NOT EXISTS minute_outcome Array(LowCardinality(String)) COMMENT 'Outcome per minute group',
    ADD COLUMN IF NOT EXISTS minute_consumer Array(LowCardinality(String)) COMMENT 'Caller per minute group of errors; empty for other outcomes',
    ADD COLUMN IF NOT EXISTS minute_team Array(LowCardinality(String)) COMMENT 'Team that the record named per minute group of errors; empty for other outcomes',
    ADD COLUMN IF NOT EXISTS minute_requests Array(UInt64) COMMENT 'Requests per minute group',
    ADD COLUMN IF NOT EXISTS minute_latency_buckets Array(Array(UInt16)) COMMENT 'Log-scale histogram per minute group: bucket numbers',
    ADD COLUMN IF NOT EXISTS minute_latency_counts Array(Array(UInt64)) COMMENT 'Log-scale histogram per minute group: requests per bucket';

-- question: How much gateway traffic was there, by everything we keep of a request?
-- grain: service x hour (cut at the tenant's midnight) x consumer x team x environment x route x method x status x outcome x synthetic
-- owner: platform-analytics
-- needs: as_of, service_aliases
CREATE OR REPLACE VIEW gateway_hours ${on_cluster}
(
    service         String COMMENT 'Service by its catalog name; the gateway''s own name when the catalog does not know it',
    gateway_service LowCardinality(String) COMMENT 'Service as the gateway names it',
    hour            DateTime('UTC') COMMENT 'Start of the hour, UTC',
    consumer        LowCardinality(String) COMMENT 'Caller identity; empty when not given',
    named_team      LowCardinality(String) COMMENT 'Team that the record named; empty when it named none',
    environment     LowCardinality(String) COMMENT 'Environment; empty when not given',
    route           LowCardinality(String) COMMENT 'Route template',
    method          LowCardinality(String) COMMENT 'HTTP method',
    status          UInt16 COMMENT 'HTTP status; 0 when no response was sent',
    outcome         LowCardinality(String) COMMENT 'ok, client_error, error or limited',
    is_synthetic    UInt8 COMMENT '1 when the record itself says probe or health check',
    requests        UInt64 COMMENT 'Requests',
    request_bytes   UInt64 COMMENT 'Sum of request sizes, where known',
    response_bytes  UInt64 COMMENT 'Sum of response sizes, where known',
    latency_buckets Array(UInt16) COMMENT 'Log-scale histogram: bucket numbers',
    latency_counts  Array(UInt64) COMMENT 'Log-scale histogram: requests per bucket',
    first_at        DateTime64(6, 'UTC') COMMENT 'Earliest request; decides the local day, week and month',
    last_at         DateTime64(6, 'UTC') COMMENT 'Latest request'
)
AS
WITH
    -- Names as two constant arrays: a look-up without a join, which would carry every group of every slice.
    (
        SELECT (groupArray(alias), groupArray(service))
        FROM (SELECT alias, service FROM service_aliases UNION ALL SELECT '' AS alias, '' AS service)
    ) AS names
SELECT
    transform(toString(slice.service), names.1, names.2, toString(slice.service)) AS service,
    slice.service AS gateway_service,
    hour, consumer, team AS named_team, environment, route, method, status, outcome, is_synthetic, requests,
    request_bytes, response_bytes, latency_buckets, latency_counts, first_at, last_at
FROM gateway_hour_slices AS slice FINAL
ARRAY JOIN
    consumer, team, environment, route, method, status, outcome, is_synthetic, requests,
    request_bytes, response_bytes, latency_buckets, latency_counts, first_at, last_at
WHERE first_at <= (SELECT at FROM as_of);

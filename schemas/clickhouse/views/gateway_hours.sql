-- question: How much gateway traffic was there, by everything we keep of a request?
-- grain: service x hour x consumer x team x environment x route x method x status x outcome x synthetic
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
SELECT
    coalesce(nullIf(service_aliases.service, ''), toString(slice.service)) AS service,
    slice.service AS gateway_service,
    slice.hour AS hour,
    slice.consumer AS consumer,
    slice.team AS named_team,
    slice.environment AS environment,
    slice.route AS route,
    slice.method AS method,
    slice.status AS status,
    slice.outcome AS outcome,
    slice.is_synthetic AS is_synthetic,
    slice.requests AS requests,
    slice.request_bytes AS request_bytes,
    slice.response_bytes AS response_bytes,
    slice.latency_buckets AS latency_buckets,
    slice.latency_counts AS latency_counts,
    slice.first_at AS first_at,
    slice.last_at AS last_at
FROM
(
    SELECT
        service, hour, consumer, team, environment, route, method, status, outcome, is_synthetic, requests,
        request_bytes, response_bytes, latency_buckets, latency_counts, first_at, last_at
    FROM gateway_hour_slices FINAL
    ARRAY JOIN
        consumer, team, environment, route, method, status, outcome, is_synthetic, requests,
        request_bytes, response_bytes, latency_buckets, latency_counts, first_at, last_at
) AS slice
LEFT JOIN service_aliases ON service_aliases.alias = toString(slice.service)
WHERE slice.first_at <= (SELECT at FROM as_of);

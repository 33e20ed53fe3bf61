-- question: How much gateway traffic was there by the minute, how did it end, how long did it take, whom did errors hit?
-- grain: service x minute x environment x route x outcome, and of errors x caller
-- owner: platform-analytics
-- needs: as_of, service_aliases
CREATE OR REPLACE VIEW gateway_minutes ${on_cluster}
(
    service         String COMMENT 'Service by its catalog name; the gateway''s own name when the catalog does not know it',
    gateway_service LowCardinality(String) COMMENT 'Service as the gateway names it',
    hour            DateTime('UTC') COMMENT 'Start of the hour, UTC: narrow this one to read less',
    minute          DateTime('UTC') COMMENT 'Start of the minute, UTC',
    day             Date COMMENT 'Its day, in the tenant''s zone',
    environment     LowCardinality(String) COMMENT 'Environment; empty when not given',
    is_nonprod      UInt8 COMMENT '1 when the environment is nonproduction by its name; such traffic is no reliability of ours',
    route           LowCardinality(String) COMMENT 'Route template',
    outcome         LowCardinality(String) COMMENT 'ok, client_error, error or limited',
    consumer        LowCardinality(String) COMMENT 'Of errors: caller identity, empty when not given; empty for other outcomes',
    named_team      LowCardinality(String) COMMENT 'Of errors: team that the record named; empty for other outcomes',
    requests        UInt64 COMMENT 'Requests, those of probes and health checks among them',
    latency_buckets Array(UInt16) COMMENT 'Log-scale histogram: bucket numbers; bucket b holds (1.04^(b-1), 1.04^b] microseconds',
    latency_counts  Array(UInt64) COMMENT 'Log-scale histogram: requests per bucket'
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
    slice.hour AS hour,
    slice.hour + toIntervalMinute(minute_number) AS minute,
    toDate(minute, ${zone}) AS day,
    minute_environment AS environment,
    match(trimBoth(toString(minute_environment)), ${nonprod}) AS is_nonprod,
    minute_route AS route,
    minute_outcome AS outcome,
    minute_consumer AS consumer,
    minute_team AS named_team,
    minute_requests AS requests,
    minute_latency_buckets AS latency_buckets,
    minute_latency_counts AS latency_counts
FROM gateway_hour_slices AS slice FINAL
ARRAY JOIN
    minute_number, minute_environment, minute_route, minute_outcome, minute_consumer, minute_team, minute_requests,
    minute_latency_buckets, minute_latency_counts
WHERE minute <= (SELECT at FROM as_of);

-- question: How much gateway traffic was there, by everything we keep of a request?
-- grain: service x hour (cut at the tenant's midnight) x consumer x team x environment x route x method x status x outcome x synthetic
-- owner: platform-analytics
-- A group is kept from its first request in the hour to its last. Of one that goes on after a pinned now only the units say what
-- had come: they are read for the hour of now, and for services with traffic after it alone. As in gateway_minutes a minute that
-- has begun counts whole. A clock that runs is some seconds behind the traffic: what came in them counts, and no unit is read.
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
    ) AS names,
    (SELECT at FROM as_of) AS now_at,
    (SELECT is_pinned FROM as_of) AS is_pinned,
    -- Rows of units in the hour of now, of services with traffic later than now.
    kept AS
    (
        SELECT *
        FROM gateway_unit_rows
        WHERE is_pinned AND minute >= toStartOfHour(now_at) AND minute < toStartOfHour(now_at) + INTERVAL 1 HOUR
            AND service IN
            (
                SELECT slice.service FROM gateway_hour_slices AS slice FINAL
                WHERE slice.hour = toStartOfHour(now_at) AND arrayMax(slice.last_at) > now_at
            )
    )
SELECT
    transform(toString(slice.service), names.1, names.2, toString(slice.service)) AS service,
    slice.service AS gateway_service,
    hour, consumer, team AS named_team, environment, route, method, status, outcome, is_synthetic, requests,
    request_bytes, response_bytes, latency_buckets, latency_counts, first_at, last_at
FROM gateway_hour_slices AS slice FINAL
ARRAY JOIN
    consumer, team, environment, route, method, status, outcome, is_synthetic, requests,
    request_bytes, response_bytes, latency_buckets, latency_counts, first_at, last_at
WHERE first_at <= now_at AND (NOT is_pinned OR last_at <= now_at OR hour != toStartOfHour(now_at))
UNION ALL
SELECT
    transform(toString(came.service), names.1, names.2, toString(came.service)) AS service,
    came.service AS gateway_service, toStartOfHour(came.minute) AS hour,
    came.consumer, came.team, came.environment, came.route, came.method, came.status, came.outcome, came.is_synthetic,
    sumIf(row.1, came.minute <= now_at) AS requests, sumIf(row.2, came.minute <= now_at), sumIf(row.3, came.minute <= now_at),
    sumMapIf(row.4, row.5, came.minute <= now_at).1, sumMapIf(row.4, row.5, came.minute <= now_at).2,
    least(min(row.6), assumeNotNull(now_at)), least(maxIf(row.7, came.minute <= now_at), assumeNotNull(now_at))
FROM
(
    -- A unit that was stored on two days is one; of two contents of one unit the greatest counts.
    SELECT
        service, minute, consumer, team, environment, route, method, status, outcome, is_synthetic, unit, content,
        any((
            kept.requests, kept.request_bytes, kept.response_bytes, kept.latency_buckets, arrayMap(n -> toUInt64(n), kept.latency_counts),
            kept.first_at, kept.last_at
        )) AS row
    FROM kept
    WHERE (unit, content) IN (SELECT unit, max(content) FROM gateway_units WHERE unit IN (SELECT unit FROM kept) GROUP BY unit)
    GROUP BY service, minute, consumer, team, environment, route, method, status, outcome, is_synthetic, unit, content
) AS came
GROUP BY
    came.service, hour, toDate(came.minute, ${zone}), came.consumer, came.team, came.environment, came.route, came.method, came.status,
    came.outcome, came.is_synthetic
HAVING max(row.7) > now_at AND requests > 0;

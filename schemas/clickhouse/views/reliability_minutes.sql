-- question: How did each minute of a service's traffic go?
-- grain: service x minute with traffic; all environments that are not nonproduction by their name, synthetic callers count
-- owner: platform-analytics
-- needs: gateway_minutes, slo_objectives
CREATE OR REPLACE VIEW reliability_minutes ${on_cluster}
(
    service      String COMMENT 'Service',
    hour         DateTime('UTC') COMMENT 'Start of the hour, UTC: narrow this one to read less',
    minute       DateTime('UTC') COMMENT 'Start of the minute, UTC',
    day          Date COMMENT 'Its day, in the tenant''s zone',
    requests     UInt64 COMMENT 'Requests of any outcome',
    ok           UInt64 COMMENT 'Answered with 1xx to 3xx',
    client_error UInt64 COMMENT 'Answered with 4xx',
    error        UInt64 COMMENT '5xx, time-out, connection failure',
    limited      UInt64 COMMENT 'The gateway''s own 429',
    numerator    UInt64 COMMENT 'Requests that went well: ok + client_error',
    denominator  UInt64 COMMENT 'ok + client_error + error, and limited where the objective counts it',
    value        Nullable(Float64) COMMENT 'Availability, numerator / denominator; NULL when the denominator is 0',
    objective    Nullable(Float64) COMMENT 'Objective that held then; NULL when there was none',
    state        LowCardinality(String) COMMENT 'up or down (availability against the objective), limited (nothing but limited), no_objective'
)
AS
SELECT
    counted.service AS service,
    counted.hour AS hour,
    counted.minute AS minute,
    counted.day AS day,
    counted.requests AS requests,
    counted.ok AS ok,
    counted.client_error AS client_error,
    counted.error AS error,
    counted.limited AS limited,
    counted.ok + counted.client_error AS numerator,
    counted.ok + counted.client_error + counted.error + if(slo.counts_limited = 1, counted.limited, 0) AS denominator,
    if(denominator = 0, NULL, numerator / denominator) AS value,
    slo.objective AS objective,
    multiIf(
        counted.limited = counted.requests, 'limited',
        isNull(objective), 'no_objective',
        value >= objective, 'up',
        'down'
    ) AS state
FROM
(
    SELECT
        service,
        minutes.hour AS hour,
        minutes.minute AS minute,
        minutes.day AS day,
        toDateTime64(minutes.minute, 6, 'UTC') AS at,
        sum(minutes.requests) AS requests,
        sumIf(minutes.requests, outcome = 'ok') AS ok,
        sumIf(minutes.requests, outcome = 'client_error') AS client_error,
        sumIf(minutes.requests, outcome = 'error') AS error,
        sumIf(minutes.requests, outcome = 'limited') AS limited
    FROM gateway_minutes AS minutes
    WHERE is_nonprod = 0
    GROUP BY service, hour, minute, day
) AS counted
ASOF LEFT JOIN (SELECT service, objective, counts_limited, valid_from FROM slo_objectives) AS slo
    ON counted.service = slo.service AND counted.at >= slo.valid_from;

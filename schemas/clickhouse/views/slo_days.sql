-- question: How much of its error budget had a service left, day by day?
-- grain: service x day; parameters from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: gateway_minutes, slo_objectives, period_days
-- The window of a day is the objective's number of local days that end with it, the running one until now. Budget = 1 -
-- objective; used = (1 - availability) / budget, judged whole by the objective that holds on that day. In requests, the
-- window may lose budget x its requests. Availability as in the view of that name: whether the gateway's own 429 counts
-- says the objective of each day for its own requests.
CREATE OR REPLACE VIEW slo_days ${on_cluster}
(
    service      String COMMENT 'Service',
    period_start Date COMMENT 'The day, in the tenant''s zone',
    period_end   Date COMMENT 'The day after it',
    is_partial   UInt8 COMMENT '1 while the day runs',
    objective    Float64 COMMENT 'Objective of that day, 0 to 1',
    window_days  UInt32 COMMENT 'Days of its window, this one the last',
    numerator    UInt64 COMMENT 'Requests of the window that went well',
    denominator  UInt64 COMMENT 'Requests of the window that were to go well',
    value        Nullable(Float64) COMMENT 'Availability over the window, numerator / denominator; NULL when there was no such request',
    shown        Nullable(Float64) COMMENT 'The same: a share of a complete population needs no minimum',
    null_reason  LowCardinality(String) COMMENT 'no_traffic; empty when there is a value',
    n            UInt64 COMMENT 'Requests of the window that were to go well',
    is_met       Nullable(UInt8) COMMENT '1 when value is at or above the objective; NULL without a value',
    budget       Float64 COMMENT 'Error budget: share of requests that may fail, 1 - objective',
    budget_requests Float64 COMMENT 'The same in requests of this window',
    failed       UInt64 COMMENT 'Requests of the window that did not go well: denominator - numerator',
    budget_used  Nullable(Float64) COMMENT 'Share of the budget that is used; above 1 when it is overdrawn; NULL without a value',
    budget_left  Nullable(Float64) COMMENT '1 - budget_used; below 0 when it is overdrawn'
)
AS
WITH
    days AS
    (
        SELECT
            service,
            day,
            toDateTime64(toDateTime(day, ${zone}), 6, 'UTC') AS day_start,
            sumIf(minutes.requests, outcome IN ('ok', 'client_error')) AS well,
            sumIf(minutes.requests, outcome = 'error') AS error,
            sumIf(minutes.requests, outcome = 'limited') AS limited
        FROM gateway_minutes AS minutes
        WHERE is_nonprod = 0 AND day < {to:Date}
            AND day >= {from:Date} - (SELECT max(window_days) FROM slo_objectives)
        GROUP BY service, day
    ),
    judged AS
    (
        SELECT days.service AS service, days.day AS day, days.well AS well, days.error + if(slo.counts_limited = 1, days.limited, 0) AS failed
        FROM days
        ASOF LEFT JOIN (SELECT service, counts_limited, valid_from FROM slo_objectives) AS slo
            ON days.service = slo.service AND days.day_start >= slo.valid_from
    ),
    objectives AS
    (
        SELECT
            slo.service AS service,
            cuts.day AS day,
            cuts.is_partial AS is_partial,
            assumeNotNull(slo.objective) AS objective,
            slo.window_days AS window_days
        FROM (SELECT day, day_start, is_partial FROM ${database}.period_days(from = {from:Date}, to = {to:Date}, grain = 'day')) AS cuts
        CROSS JOIN slo_objectives AS slo
        WHERE cuts.day_start >= slo.valid_from AND (isNull(slo.valid_to) OR cuts.day_start < slo.valid_to) AND isNotNull(slo.objective)
    )
SELECT
    windows.service AS service,
    windows.day AS period_start,
    windows.day + 1 AS period_end,
    windows.is_partial AS is_partial,
    windows.objective AS objective,
    windows.window_days AS window_days,
    windows.well AS numerator,
    windows.well + windows.failed AS denominator,
    if(denominator = 0, NULL, numerator / denominator) AS value,
    value AS shown,
    if(denominator = 0, 'no_traffic', '') AS null_reason,
    denominator AS n,
    value >= windows.objective AS is_met,
    1 - windows.objective AS budget,
    budget * denominator AS budget_requests,
    windows.failed AS failed,
    if(denominator = 0, NULL, windows.failed / denominator / budget) AS budget_used,
    1 - budget_used AS budget_left
FROM
(
    SELECT
        objectives.service AS service,
        objectives.day AS day,
        any(objectives.is_partial) AS is_partial,
        any(objectives.objective) AS objective,
        any(objectives.window_days) AS window_days,
        sum(judged.well) AS well,
        sum(judged.failed) AS failed
    -- Each day meets the days of its own window only.
    FROM (SELECT *, day - arrayJoin(range(least(window_days, 10000))) AS window_day FROM objectives) AS objectives
    LEFT JOIN judged ON judged.service = objectives.service AND judged.day = objectives.window_day
    GROUP BY service, day
) AS windows;

-- question: Does a service meet its objective, and how much of its error budget is left now?
-- grain: service with an objective
-- owner: platform-analytics
-- needs: slo_days, as_of, slo_objectives
CREATE OR REPLACE VIEW slo ${on_cluster}
(
    service      String COMMENT 'Service',
    period_start Date COMMENT 'Today, in the tenant''s zone: the last day of the window',
    period_end   Date COMMENT 'Tomorrow',
    is_partial   UInt8 COMMENT '1: the window reaches until now',
    objective    Float64 COMMENT 'Objective of today, 0 to 1',
    since        DateTime64(6, 'UTC') COMMENT 'Since when this objective holds',
    window_days  UInt32 COMMENT 'Days of the window, today the last',
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
SELECT
    days.service AS service,
    days.period_start AS period_start,
    days.period_end AS period_end,
    days.is_partial AS is_partial,
    days.objective AS objective,
    held.since AS since,
    days.window_days AS window_days,
    days.numerator AS numerator,
    days.denominator AS denominator,
    days.value AS value,
    days.shown AS shown,
    days.null_reason AS null_reason,
    days.n AS n,
    days.is_met AS is_met,
    days.budget AS budget,
    days.budget_requests AS budget_requests,
    days.failed AS failed,
    days.budget_used AS budget_used,
    days.budget_left AS budget_left
FROM ${database}.slo_days(
    from = (SELECT coalesce(toDate(at, ${zone}), toDate('2000-01-01')) FROM as_of),
    to = (SELECT coalesce(toDate(at, ${zone}) + 1, toDate('2000-01-01')) FROM as_of)
) AS days
INNER JOIN (SELECT service, max(valid_from) AS since FROM slo_objectives GROUP BY service) AS held
    ON held.service = days.service;

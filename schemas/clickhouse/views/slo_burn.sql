-- question: How fast does a service burn its error budget now, and whom should that wake?
-- grain: service with an objective x alert
-- owner: platform-analytics
-- needs: reliability_minutes, slo_objectives, as_of
-- Burn rate = error ratio / error budget; 1 uses the budget up exactly at the end of the objective's window. An alert fires
-- when the share of the budget that it names would be gone within its long window at the observed rate:
-- threshold = share x objective's window / long window (30 days: 14.4, 6, 3 and 1), and the short window, a twelfth of the
-- long one, burns as fast: so it ends soon after the trouble does. Both from "The Site Reliability Workbook", chapter 5,
-- "Alerting on SLOs", 6: multiwindow, multi-burn-rate alerts (https://sre.google/workbook/alerting-on-slos/). Windows are
-- whole minutes, the last one being the last that is over.
CREATE OR REPLACE VIEW slo_burn ${on_cluster}
(
    service           String COMMENT 'Service',
    severity          LowCardinality(String) COMMENT 'page or ticket',
    budget_share      Float64 COMMENT 'Share of the error budget that is too much for the long window',
    long_minutes      UInt32 COMMENT 'Length of the long window, minutes',
    short_minutes     UInt32 COMMENT 'Length of the short window, minutes: a twelfth of it',
    objective         Float64 COMMENT 'Objective that holds now, 0 to 1',
    window_days       UInt32 COMMENT 'Days of the objective''s window',
    threshold         Float64 COMMENT 'Burn rate at and above which the alert fires',
    long_failed       UInt64 COMMENT 'Long window: requests that did not go well',
    long_denominator  UInt64 COMMENT 'Long window: requests that were to go well',
    long_burn         Nullable(Float64) COMMENT 'Long window: burn rate; NULL when there was no such request',
    short_failed      UInt64 COMMENT 'Short window: requests that did not go well',
    short_denominator UInt64 COMMENT 'Short window: requests that were to go well',
    short_burn        Nullable(Float64) COMMENT 'Short window: burn rate; NULL when there was no such request',
    is_firing         Nullable(UInt8) COMMENT '1 when both burn at the threshold or faster; NULL when nothing was seen in the long window',
    null_reason       LowCardinality(String) COMMENT 'no_traffic; empty when is_firing is known'
)
AS
WITH
    (SELECT toStartOfMinute(at) FROM as_of) AS now_minute,
    alerts AS
    (
        SELECT alert.1 AS severity, alert.2 AS budget_share, toUInt32(alert.3) AS long_minutes, toUInt32(intDiv(alert.3, 12)) AS short_minutes
        FROM (SELECT arrayJoin([('page', 0.02, 60), ('page', 0.05, 360), ('ticket', 0.1, 1440), ('ticket', 0.1, 4320)]) AS alert)
    ),
    objectives AS
    (
        SELECT service, assumeNotNull(objective) AS objective, window_days
        FROM slo_objectives
        WHERE isNotNull(objective) AND valid_from <= (SELECT at FROM as_of) AND (isNull(valid_to) OR valid_to > (SELECT at FROM as_of))
    ),
    recent AS
    (
        SELECT service, dateDiff('minute', minute, assumeNotNull(now_minute)) AS age, numerator, denominator - numerator AS failed
        FROM reliability_minutes
        WHERE hour > assumeNotNull(now_minute) - INTERVAL 4381 MINUTE AND minute < assumeNotNull(now_minute)
    ),
    burnt AS
    (
        SELECT
            objectives.service AS service,
            alerts.severity AS severity,
            alerts.budget_share AS budget_share,
            alerts.long_minutes AS long_minutes,
            alerts.short_minutes AS short_minutes,
            any(objectives.objective) AS objective,
            any(objectives.window_days) AS window_days,
            sumIf(recent.numerator, recent.age BETWEEN 1 AND alerts.long_minutes) AS long_well,
            sumIf(recent.numerator, recent.age BETWEEN 1 AND alerts.short_minutes) AS short_well,
            sumIf(recent.failed, recent.age BETWEEN 1 AND alerts.long_minutes) AS long_failed,
            sumIf(recent.failed, recent.age BETWEEN 1 AND alerts.short_minutes) AS short_failed
        FROM objectives
        CROSS JOIN alerts
        LEFT JOIN recent ON recent.service = objectives.service
        GROUP BY service, severity, budget_share, long_minutes, short_minutes
    )
SELECT
    service,
    severity,
    budget_share,
    long_minutes,
    short_minutes,
    objective,
    window_days,
    -- In whole numbers first: the threshold of 2 % in an hour of 30 days is 14.4, not a little more. 1 - 0.999 is a little
    -- more than 0.001: a rate that is exactly the threshold would be under it, were both not rounded.
    round(round(budget_share * 100) * window_days * 1440 / long_minutes / 100, 9) AS threshold,
    long_failed,
    long_well + long_failed AS long_denominator,
    if(long_denominator = 0, NULL, round(long_failed / long_denominator / (1 - objective), 9)) AS long_burn,
    short_failed,
    short_well + short_failed AS short_denominator,
    if(short_denominator = 0, NULL, round(short_failed / short_denominator / (1 - objective), 9)) AS short_burn,
    if(isNull(long_burn), NULL, long_burn >= threshold AND coalesce(short_burn >= threshold, 0)) AS is_firing,
    if(long_denominator = 0, 'no_traffic', '') AS null_reason
FROM burnt;

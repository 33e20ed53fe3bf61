-- question: On how many of its days do the users of a period use a platform service?
-- grain: platform service x consumer set x observed period; parameter grain (week, month or quarter)
-- owner: platform-analytics
-- needs: adoption_use, adoption_callers, adoption_periods, periods
-- A caller's days belong to the team of its last counted use in the period, so that a team's days are those of its members.
CREATE OR REPLACE VIEW adoption_stickiness_by ${on_cluster}
(
    service         String COMMENT 'Platform service',
    consumer_set    LowCardinality(String) COMMENT 'What is counted: team, consumer (caller identity) or service (that is behind the caller)',
    grain           String COMMENT 'week (ISO: from Monday), month or quarter',
    period_start    Date COMMENT 'First day, in the tenant''s zone',
    period_end      Date COMMENT 'First day after it',
    is_partial      UInt8 COMMENT '1 while it runs',
    days            UInt32 COMMENT 'Local days of it that have begun',
    active          UInt64 COMMENT 'Users active in the period',
    by_days         Array(UInt64) COMMENT 'How many of them were active on exactly 0, 1, 2, ... of its days; 0: active_min only over several days',
    daily_active    Float64 COMMENT 'DAU: mean over all days of the users active on a day',
    numerator       UInt64 COMMENT 'Sum over the days of the users active on a day',
    denominator     UInt64 COMMENT 'days x active',
    value           Nullable(Float64) COMMENT 'Stickiness: numerator / denominator; NULL when nobody was active',
    shown           Nullable(Float64) COMMENT 'The same: a share of a complete population needs no minimum',
    null_reason     LowCardinality(String) COMMENT 'none_active; empty when there is a value',
    n               UInt64 COMMENT 'Users active in the period'
)
AS
WITH
    callers AS
    (
        SELECT
            used.service AS service,
            used.consumer AS consumer,
            multiIf(
                {grain:String} = 'week', toStartOfWeek(used.day, 1),
                {grain:String} = 'month', toStartOfMonth(used.day),
                toStartOfQuarter(used.day)
            ) AS period_start,
            argMax(used.team, (used.last_at, used.team)) AS team,
            any(used.active_min) AS active_min,
            groupArray((used.day, used.uses)) AS on_days
        FROM adoption_use AS used
        GROUP BY service, consumer, if(used.consumer = '', used.team, '') AS anonymous, period_start
    ),
    members AS
    (
        SELECT
            callers.service AS service,
            unit.1 AS consumer_set,
            callers.period_start AS period_start,
            any(callers.active_min) AS least,
            sumMap([on_day.1], [on_day.2]).2 AS uses,
            arrayCount(amount -> amount >= least, uses) AS active_days
        FROM callers
        LEFT JOIN adoption_callers AS known ON known.consumer = callers.consumer
        ARRAY JOIN
            [
                ('team', if(callers.team = 'unknown', '', callers.team)),
                ('consumer', multiIf(callers.consumer != '', callers.consumer, callers.team = 'unknown', '', concat('team:', callers.team))),
                ('service', known.service)
            ] AS unit
        ARRAY JOIN callers.on_days AS on_day
        WHERE unit.2 != ''
        GROUP BY service, consumer_set, unit.2, period_start
        HAVING arraySum(uses) >= least
    ),
    counted AS
    (
        SELECT service, consumer_set, period_start, count() AS active, sum(active_days) AS daily, groupArray(active_days) AS each
        FROM members
        GROUP BY service, consumer_set, period_start
    )
SELECT
    spine.service AS service,
    spine.consumer_set AS consumer_set,
    spine.grain AS grain,
    spine.period_start AS period_start,
    spine.period_end AS period_end,
    spine.is_partial AS is_partial,
    cuts.days AS days,
    counted.active AS active,
    arrayMap(number -> countEqual(counted.each, number), range(cuts.days + 1)) AS by_days,
    counted.daily / cuts.days AS daily_active,
    counted.daily AS numerator,
    cuts.days * counted.active AS denominator,
    if(denominator = 0, NULL, numerator / denominator) AS value,
    value AS shown,
    if(denominator = 0, 'none_active', '') AS null_reason,
    counted.active AS n
FROM
(
    SELECT *, arrayJoin(['team', 'consumer', 'service']) AS consumer_set
    FROM ${database}.adoption_periods(from = '2000-01-01', to = '2100-01-01', grain = {grain:String})
) AS spine
INNER JOIN periods AS cuts ON cuts.grain = spine.grain AND cuts.period_start = spine.period_start
LEFT JOIN counted
    ON counted.service = spine.service AND counted.consumer_set = spine.consumer_set
    AND counted.period_start = spine.period_start;

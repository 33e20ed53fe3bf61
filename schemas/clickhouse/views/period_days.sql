-- question: Which days belong to which period of a grain?
-- grain: period x day that has begun; parameters from, to (days, to exclusive), grain (day, week, month, quarter: whole periods; range: all of it)
-- owner: platform-analytics
-- needs: periods_between
CREATE OR REPLACE VIEW period_days ${on_cluster}
(
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    starts_at    DateTime64(6, 'UTC') COMMENT 'First instant',
    ends_at      DateTime64(6, 'UTC') COMMENT 'First instant after it',
    is_partial   UInt8 COMMENT '1 while the period runs',
    day          Date COMMENT 'A day of it',
    day_start    DateTime64(6, 'UTC') COMMENT 'First instant of that day'
)
AS
SELECT
    period_start,
    period_end,
    starts_at,
    ends_at,
    is_partial,
    period_start + arrayJoin(range(days)) AS day,
    toDateTime64(toDateTime(day, ${zone}), 6, 'UTC') AS day_start
FROM ${database}.periods_between(from = {from:Date}, to = {to:Date}, grain = {grain:String}) AS cuts;

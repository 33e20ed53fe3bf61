-- question: Which days belong to which period of a grain?
-- grain: period x day that has begun; parameters from, to (days, to exclusive), grain (day, week, month, quarter: whole periods; range: all of it)
-- owner: platform-analytics
-- needs: periods, as_of
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
FROM
(
    SELECT period_start, period_end, starts_at, ends_at, is_partial, days
    FROM periods
    WHERE grain = {grain:String} AND period_start >= {from:Date} AND period_end <= {to:Date}
    UNION ALL
    SELECT
        {from:Date} AS period_start,
        {to:Date} AS period_end,
        toDateTime64(toDateTime({from:Date}, ${zone}), 6, 'UTC') AS starts_at,
        toDateTime64(toDateTime({to:Date}, ${zone}), 6, 'UTC') AS ends_at,
        toUInt8(ends_at > now_at) AS is_partial,
        toUInt32(dateDiff('day', period_start, least(period_end, toDate(now_at, ${zone}) + 1))) AS days
    FROM (SELECT assumeNotNull(at) AS now_at FROM as_of WHERE isNotNull(at))
    WHERE {grain:String} = 'range' AND starts_at <= now_at
) AS cuts;

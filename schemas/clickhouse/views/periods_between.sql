-- question: Which whole periods of a grain lie between two days?
-- grain: period; parameters from, to (days, to exclusive), grain (day, week, month, quarter, natural: all of these, range: all days between them)
-- owner: platform-analytics
-- needs: periods, as_of
-- columns: periods
CREATE OR REPLACE VIEW periods_between ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM periods
WHERE {grain:String} IN ('natural', grain) AND period_start >= {from:Date} AND period_end <= {to:Date}
UNION ALL
SELECT
    'range' AS grain,
    {from:Date} AS period_start,
    {to:Date} AS period_end,
    toDateTime64(toDateTime({from:Date}, ${zone}), 6, 'UTC') AS starts_at,
    toDateTime64(toDateTime({to:Date}, ${zone}), 6, 'UTC') AS ends_at,
    toUInt8(ends_at > now_at) AS is_partial,
    toUInt32(dateDiff('day', period_start, least(period_end, toDate(now_at, ${zone}) + 1))) AS days
FROM (SELECT assumeNotNull(at) AS now_at FROM as_of WHERE isNotNull(at))
WHERE {grain:String} = 'range' AND starts_at <= now_at;

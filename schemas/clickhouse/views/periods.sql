-- question: Which periods are there, and which of them is still running?
-- grain: grain x period, from the earliest observation until now
-- owner: platform-analytics
-- needs: as_of, facts_slices
CREATE OR REPLACE VIEW periods ${on_cluster}
(
    grain        String COMMENT 'day, week (ISO: from Monday), month or quarter',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    starts_at    DateTime64(6, 'UTC') COMMENT 'First instant',
    ends_at      DateTime64(6, 'UTC') COMMENT 'First instant after it',
    is_partial   UInt8 COMMENT '1 while it runs',
    days         UInt32 COMMENT 'Days of it that have begun'
)
AS
WITH
    (SELECT at FROM as_of) AS now_at,
    toDate(now_at, ${zone}) AS today,
    (
        SELECT min(earliest)
        FROM
        (
            SELECT toDate(min(hour), ${zone}) AS earliest FROM gateway_hour_slices FINAL HAVING count() > 0
            UNION ALL
            -- Slices are cut in UTC: west of it the first hours of a month are still the last day of the one before.
            SELECT toDate(toDateTime(min(month), 'UTC'), ${zone}) AS earliest FROM facts_slices HAVING count() > 0
        )
    ) AS first_day
SELECT
    grain,
    period_start,
    period_end,
    toDateTime64(toDateTime(period_start, ${zone}), 6, 'UTC') AS starts_at,
    toDateTime64(toDateTime(period_end, ${zone}), 6, 'UTC') AS ends_at,
    ifNull(ends_at > now_at, 0) AS is_partial,
    toUInt32(dateDiff('day', period_start, least(period_end, assumeNotNull(today) + 1))) AS days
FROM
(
    SELECT DISTINCT
        grain,
        multiIf(
            grain = 'day', day,
            grain = 'week', toStartOfWeek(day, 1),
            grain = 'month', toStartOfMonth(day),
            toStartOfQuarter(day)
        ) AS period_start,
        multiIf(
            grain = 'day', day + INTERVAL 1 DAY,
            grain = 'week', toStartOfWeek(day, 1) + INTERVAL 1 WEEK,
            grain = 'month', toStartOfMonth(day) + INTERVAL 1 MONTH,
            toStartOfQuarter(day) + INTERVAL 1 QUARTER
        ) AS period_end
    FROM
    (
        SELECT assumeNotNull(first_day) + arrayJoin(range(toUInt32(greatest(0, ifNull(today - first_day, -1) + 1)))) AS day
    )
    ARRAY JOIN ['day', 'week', 'month', 'quarter'] AS grain
);

-- question: Whom did a platform service win, keep, win back and lose?
-- grain: platform service x consumer set x week
-- owner: platform-analytics
-- needs: adoption_use_weekly, adoption_weeks
CREATE OR REPLACE VIEW adoption_growth ${on_cluster}
(
    service        String COMMENT 'Platform service',
    consumer_set   LowCardinality(String) COMMENT 'What is counted: team, or consumer (caller identity)',
    period_start   Date COMMENT 'Monday of the week, in the tenant''s zone',
    period_end     Date COMMENT 'Monday after it',
    is_partial     UInt8 COMMENT '1 while the week runs',
    active         UInt64 COMMENT 'active(t-1) + new + resurrected + reassigned_in - churned - reassigned_out',
    new            UInt64 COMMENT 'Active for the first time ever',
    retained       UInt64 COMMENT 'Active in the week before, too',
    resurrected    UInt64 COMMENT 'Active before, but not in the week before',
    reassigned_in  UInt64 COMMENT 'Teams that entered with a caller that had used it for another team',
    churned        Nullable(UInt64) COMMENT 'Active in the week before, no longer; NULL until the week is over',
    reassigned_out Nullable(UInt64) COMMENT 'Teams that left because their caller now uses it for another; NULL until the week is over',
    quick_ratio    Nullable(Float64) COMMENT '(new + resurrected) / churned; NULL when none churned or the week runs',
    null_reason    LowCardinality(String) COMMENT 'Why there is no quick ratio: period_open, none_churned; empty when there is one'
)
AS
WITH
    -- A caller's week with its neighbours: a neighbouring week under another team is a reassignment.
    callers AS
    (
        SELECT
            *,
            lagInFrame(team) OVER neighbours AS team_before,
            lagInFrame(period_end) OVER neighbours = period_start AS was_there,
            leadInFrame(team) OVER neighbours AS team_after,
            leadInFrame(period_start) OVER neighbours = period_end AS stays
        FROM adoption_use_weekly
        WINDOW neighbours AS
        (
            PARTITION BY service, consumer, if(consumer = '', team, '') ORDER BY period_start
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        )
    ),
    members AS
    (
        SELECT
            service,
            member.1 AS consumer_set,
            member.2 AS name,
            period_start,
            period_end,
            max(member.3) AS came,
            max(member.4) AS goes
        FROM callers
        ARRAY JOIN
        [
            ('consumer', if(consumer = '', concat('team:', team), concat('consumer:', consumer)), 0, 0),
            ('team', team, (was_there AND team_before != team) OR length(teams) > 1, stays AND team_after != team)
        ] AS member
        GROUP BY service, consumer_set, name, period_start, period_end
        HAVING sum(uses) >= any(active_min)
    ),
    -- Of each active week: how its member entered it, and, if it is not in the next, how it left.
    steps AS
    (
        SELECT service, consumer_set, change.1 AS period_start, change.2 AS step
        FROM
        (
            SELECT
                service,
                consumer_set,
                came,
                goes,
                period_start AS this,
                period_end AS next,
                row_number() OVER weeks = 1 AS is_first,
                lagInFrame(period_end) OVER weeks = period_start AS was_active,
                leadInFrame(period_start) OVER weeks = period_end AS stays_active
            FROM members
            WINDOW weeks AS
            (
                PARTITION BY service, consumer_set, name ORDER BY period_start
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            )
        )
        ARRAY JOIN arrayConcat(
            [(this, multiIf(was_active, 'retained', came, 'reassigned_in', is_first, 'new', 'resurrected'))],
            if(stays_active, [], [(next, if(goes, 'reassigned_out', 'churned'))])
        ) AS change
    ),
    counted AS
    (
        SELECT
            service,
            consumer_set,
            period_start,
            countIf(step NOT IN ('churned', 'reassigned_out')) AS active,
            countIf(step = 'new') AS new,
            countIf(step = 'retained') AS retained,
            countIf(step = 'resurrected') AS resurrected,
            countIf(step = 'reassigned_in') AS reassigned_in,
            countIf(step = 'churned') AS churned,
            countIf(step = 'reassigned_out') AS reassigned_out
        FROM steps
        GROUP BY service, consumer_set, period_start
    )
SELECT
    weeks.service AS service,
    weeks.consumer_set AS consumer_set,
    weeks.period_start AS period_start,
    weeks.period_end AS period_end,
    weeks.is_partial AS is_partial,
    coalesce(counted.active, 0) AS active,
    coalesce(counted.new, 0) AS new,
    coalesce(counted.retained, 0) AS retained,
    coalesce(counted.resurrected, 0) AS resurrected,
    coalesce(counted.reassigned_in, 0) AS reassigned_in,
    if(weeks.is_partial, NULL, coalesce(counted.churned, 0)) AS churned,
    if(weeks.is_partial, NULL, coalesce(counted.reassigned_out, 0)) AS reassigned_out,
    if(churned > 0, (new + resurrected) / churned, NULL) AS quick_ratio,
    multiIf(weeks.is_partial, 'period_open', churned = 0, 'none_churned', '') AS null_reason
FROM (SELECT *, arrayJoin(['team', 'consumer']) AS consumer_set FROM adoption_weeks) AS weeks
LEFT JOIN counted
    ON counted.service = weeks.service AND counted.consumer_set = weeks.consumer_set
    AND counted.period_start = weeks.period_start;

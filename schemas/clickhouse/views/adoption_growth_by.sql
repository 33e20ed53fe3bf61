-- question: Whom did a platform service win, keep, win back and lose, by period of any grain?
-- grain: platform service x consumer set x observed period; parameter grain (day, week, month, quarter, natural: of each service its own)
-- owner: platform-analytics
-- needs: adoption_use_by, adoption_periods
-- Periods follow each other as they were observed (adoption_periods): one in which nothing at all was heard of has no
-- row, and its neighbours are neighbours. Silence of everybody is no churn, and nobody is resurrected from it.
-- Any counted use of a caller for another team tells of a reassignment: a team may be active over many callers of which
-- none is active by itself. The team unknown is a unit like others, marked: the rate lists it outside its population.
CREATE OR REPLACE VIEW adoption_growth_by ${on_cluster}
(
    service        String COMMENT 'Platform service',
    consumer_set   LowCardinality(String) COMMENT 'What is counted: team, or consumer (caller identity)',
    grain          String COMMENT 'day, week (ISO: from Monday), month or quarter',
    period_start   Date COMMENT 'First day, in the tenant''s zone',
    period_end     Date COMMENT 'First day after it',
    is_partial     UInt8 COMMENT '1 while it runs',
    active         UInt64 COMMENT 'active(t-1) + new + resurrected + reassigned_in - churned - reassigned_out',
    active_unknown UInt64 COMMENT 'Of them: callers of unknown teams; of the set team 1 when unknown is among the active',
    new            UInt64 COMMENT 'Active for the first time ever',
    retained       UInt64 COMMENT 'Active in the period before, too',
    resurrected    UInt64 COMMENT 'Active before, but not in the period before',
    reassigned_in  UInt64 COMMENT 'Teams that entered with a caller that had used it for another team',
    churned        Nullable(UInt64) COMMENT 'Active in the period before, no longer; NULL until the period is over',
    reassigned_out Nullable(UInt64) COMMENT 'Teams that left because their caller now uses it for another; NULL until the period is over',
    quick_ratio    Nullable(Float64) COMMENT '(new + resurrected) / churned; NULL when none churned or the period runs',
    null_reason    LowCardinality(String) COMMENT 'Why there is no quick ratio: period_open, none_churned; empty when there is one'
)
AS
WITH
    -- As a constant: read once though it is needed twice.
    (
        SELECT groupArray((service, grain, period_start, period_end, is_partial, number))
        FROM ${database}.adoption_periods(from = '2000-01-01', to = '2100-01-01', grain = {grain:String})
    ) AS observed,
    spine AS
    (
        SELECT
            row.1 AS service, row.2 AS grain, row.3 AS period_start, row.4 AS period_end, row.5 AS is_partial, row.6 AS number
        FROM (SELECT arrayJoin(observed) AS row)
    ),
    -- A caller's period with its neighbours: a neighbouring one under another team is a reassignment.
    callers AS
    (
        SELECT
            *,
            lagInFrame(team) OVER neighbours AS team_before,
            lagInFrame(number) OVER neighbours + 1 = number AND number > 1 AS was_there,
            leadInFrame(team) OVER neighbours AS team_after,
            leadInFrame(number) OVER neighbours = number + 1 AS stays
        FROM
        (
            SELECT
                used.service AS service, used.consumer AS consumer, used.team AS team, used.teams AS teams,
                used.active_min AS active_min, used.uses AS uses, spine.number AS number
            FROM ${database}.adoption_use_by(from = '2000-01-01', to = '2100-01-01', grain = {grain:String}) AS used
            INNER JOIN spine ON spine.service = used.service AND spine.period_start = used.period_start
        )
        WINDOW neighbours AS
        (
            PARTITION BY service, consumer, if(consumer = '', team, '') ORDER BY number
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        )
    ),
    members AS
    (
        SELECT
            service,
            member.1 AS consumer_set,
            member.2 AS name,
            number,
            max(member.3) AS came,
            max(member.4) AS goes,
            max(team = 'unknown') AS is_unknown
        FROM callers
        ARRAY JOIN
        [
            ('consumer', if(consumer = '', concat('team:', team), concat('consumer:', consumer)), 0, 0),
            ('team', team, (was_there AND team_before != team) OR length(teams) > 1, stays AND team_after != team)
        ] AS member
        GROUP BY service, consumer_set, name, number
        HAVING sum(uses) >= any(active_min)
    ),
    -- Of each active period: how its member entered it, and, if it is not in the next, how it left.
    steps AS
    (
        SELECT service, consumer_set, is_unknown, change.1 AS number, change.2 AS step
        FROM
        (
            SELECT
                service,
                consumer_set,
                came,
                goes,
                is_unknown,
                number AS this,
                row_number() OVER active_periods = 1 AS is_first,
                NOT is_first AND lagInFrame(number) OVER active_periods + 1 = number AS was_active,
                leadInFrame(number) OVER active_periods = number + 1 AS stays_active
            FROM members
            WINDOW active_periods AS
            (
                PARTITION BY service, consumer_set, name ORDER BY number
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            )
        )
        ARRAY JOIN arrayConcat(
            [(this, multiIf(was_active, 'retained', came, 'reassigned_in', is_first, 'new', 'resurrected'))],
            if(stays_active, [], [(this + 1, if(goes, 'reassigned_out', 'churned'))])
        ) AS change
    ),
    counted AS
    (
        SELECT
            service,
            consumer_set,
            number,
            countIf(step NOT IN ('churned', 'reassigned_out')) AS active,
            countIf(step NOT IN ('churned', 'reassigned_out') AND is_unknown) AS active_unknown,
            countIf(step = 'new') AS new,
            countIf(step = 'retained') AS retained,
            countIf(step = 'resurrected') AS resurrected,
            countIf(step = 'reassigned_in') AS reassigned_in,
            countIf(step = 'churned') AS churned,
            countIf(step = 'reassigned_out') AS reassigned_out
        FROM steps
        GROUP BY service, consumer_set, number
    )
SELECT
    periods.service AS service,
    periods.consumer_set AS consumer_set,
    periods.grain AS grain,
    periods.period_start AS period_start,
    periods.period_end AS period_end,
    periods.is_partial AS is_partial,
    coalesce(counted.active, 0) AS active,
    coalesce(counted.active_unknown, 0) AS active_unknown,
    coalesce(counted.new, 0) AS new,
    coalesce(counted.retained, 0) AS retained,
    coalesce(counted.resurrected, 0) AS resurrected,
    coalesce(counted.reassigned_in, 0) AS reassigned_in,
    if(periods.is_partial, NULL, coalesce(counted.churned, 0)) AS churned,
    if(periods.is_partial, NULL, coalesce(counted.reassigned_out, 0)) AS reassigned_out,
    if(churned > 0, (new + resurrected) / churned, NULL) AS quick_ratio,
    multiIf(periods.is_partial, 'period_open', churned = 0, 'none_churned', '') AS null_reason
FROM (SELECT *, arrayJoin(['team', 'consumer']) AS consumer_set FROM spine) AS periods
LEFT JOIN counted
    ON counted.service = periods.service AND counted.consumer_set = periods.consumer_set
    AND counted.number = periods.number;

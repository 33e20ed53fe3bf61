-- question: Which teams, callers and consumer services were active users of a platform service, by period of any grain?
-- grain: platform service x consumer set x member x observed period, only active ones; parameters from, to (days, to exclusive), grain (day, week, month, quarter, natural: of each service its own, range: all days between them)
-- owner: platform-analytics
-- needs: adoption_use_by, adoption_periods, adoption_callers
-- The team unknown, and callers without name and team, are no members: they stand in adoption_growth and in coverage.
CREATE OR REPLACE VIEW adoption_members_by ${on_cluster}
(
    service      String COMMENT 'Platform service that was used',
    consumer_set LowCardinality(String) COMMENT 'team, consumer (caller identity) or service (that is behind the caller)',
    member       String COMMENT 'Its name; a caller without identity is its team''s, written team:NAME',
    grain        String COMMENT 'day, week (ISO: from Monday), month, quarter or range',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while it runs',
    uses         UInt64 COMMENT 'ok requests, finished runs or successful deployments; at least active_min',
    first_at     DateTime64(6, 'UTC') COMMENT 'Earliest of them',
    last_at      DateTime64(6, 'UTC') COMMENT 'Latest of them'
)
AS
SELECT
    counted.service AS service,
    counted.consumer_set AS consumer_set,
    counted.member AS member,
    spine.grain AS grain,
    counted.period_start AS period_start,
    spine.period_end AS period_end,
    spine.is_partial AS is_partial,
    counted.uses AS uses,
    counted.first_at AS first_at,
    counted.last_at AS last_at
FROM
(
    SELECT
        used.service AS service,
        unit.1 AS consumer_set,
        unit.2 AS member,
        used.period_start AS period_start,
        sum(used.uses) AS uses,
        min(used.first_at) AS first_at,
        max(used.last_at) AS last_at
    FROM ${database}.adoption_use_by(from = {from:Date}, to = {to:Date}, grain = {grain:String}) AS used
    LEFT JOIN adoption_callers AS callers ON callers.consumer = used.consumer
    ARRAY JOIN
        [
            ('team', if(used.team = 'unknown', '', used.team)),
            ('consumer', multiIf(used.consumer != '', used.consumer, used.team = 'unknown', '', concat('team:', used.team))),
            ('service', callers.service)
        ] AS unit
    WHERE unit.2 != ''
    GROUP BY service, consumer_set, member, period_start
    HAVING uses >= any(used.active_min)
) AS counted
INNER JOIN ${database}.adoption_periods(from = {from:Date}, to = {to:Date}, grain = {grain:String}) AS spine
    ON spine.service = counted.service AND spine.period_start = counted.period_start;

-- question: Which share of a platform service's use is whose, by period of any grain?
-- grain: platform service x caller x team x period; parameters from, to (days, to exclusive), grain (day, week, month, quarter, natural: of each service its own, range: all days between them)
-- owner: platform-analytics
-- needs: adoption_use, adoption_periods, platform_services
CREATE OR REPLACE VIEW adoption_depth_by ${on_cluster}
(
    service      String COMMENT 'Platform service',
    consumer     String COMMENT 'Caller identity; empty when not given',
    team         String COMMENT 'Team that it called for; unknown is one row of its own',
    grain        String COMMENT 'day, week (ISO: from Monday), month, quarter or range',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while it runs',
    numerator    UInt64 COMMENT 'Uses by this caller for this team: ok requests, finished runs or successful deployments',
    denominator  UInt64 COMMENT 'All uses of the service in the period',
    value        Nullable(Float64) COMMENT 'numerator / denominator',
    shown        Nullable(Float64) COMMENT 'The same: a share of a complete population needs no minimum',
    null_reason  LowCardinality(String) COMMENT 'Empty: there is always a value',
    n            UInt64 COMMENT 'All uses of the service in the period'
)
AS
SELECT
    used.service AS service,
    used.consumer AS consumer,
    used.team AS team,
    spine.grain AS grain,
    spine.period_start AS period_start,
    spine.period_end AS period_end,
    spine.is_partial AS is_partial,
    used.uses AS numerator,
    sum(used.uses) OVER (PARTITION BY used.service, used.period_start) AS denominator,
    toNullable(numerator / denominator) AS value,
    value AS shown,
    '' AS null_reason,
    denominator AS n
FROM
(
    SELECT
        uses.service AS service,
        uses.consumer AS consumer,
        uses.team AS team,
        if({grain:String} = 'natural', platform.natural_grain, {grain:String}) AS cut,
        multiIf(
            cut = 'day', uses.day,
            cut = 'week', toStartOfWeek(uses.day, 1),
            cut = 'month', toStartOfMonth(uses.day),
            cut = 'quarter', toStartOfQuarter(uses.day),
            {from:Date}
        ) AS period_start,
        sum(uses.uses) AS uses
    FROM adoption_use AS uses
    INNER JOIN (SELECT service, natural_grain FROM platform_services) AS platform ON platform.service = uses.service
    WHERE uses.day >= {from:Date} AND uses.day < {to:Date}
    GROUP BY service, consumer, team, cut, period_start
) AS used
INNER JOIN ${database}.adoption_periods(from = {from:Date}, to = {to:Date}, grain = {grain:String}) AS spine
    ON spine.service = used.service AND spine.period_start = used.period_start;

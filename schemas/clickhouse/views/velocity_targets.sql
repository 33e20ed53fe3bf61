-- question: Which share of the services that a velocity target is set for meets it, by closed period?
-- grain: target x period; parameters from, to (days, to exclusive), grain (day, week, month, quarter, range)
-- owner: platform-analytics
-- needs: velocity, targets
-- A share of services, not a blend that the busiest dominate. What is shown counts: a rate of fewer than 5 attempts meets nothing
-- and misses nothing. Frequency is to reach the target, everything else to stay at or under it.
CREATE OR REPLACE VIEW velocity_targets ${on_cluster}
(
    metric         String COMMENT 'Metric of velocity',
    scope          LowCardinality(String) COMMENT 'organisation, team or service',
    name           String COMMENT 'Team or service; empty for the organisation',
    target         Float64 COMMENT 'Value to reach, in the unit of the metric',
    due            DateTime64(6, 'UTC') COMMENT 'Until when',
    period_start   Date COMMENT 'First day, in the tenant''s zone',
    period_end     Date COMMENT 'First day after it',
    numerator      UInt64 COMMENT 'Services that meet it',
    denominator    UInt64 COMMENT 'Services of the scope, by their owner at the period''s end, that have a value',
    value          Nullable(Float64) COMMENT 'numerator / denominator; NULL when no service has a value',
    n_not_measured UInt64 COMMENT 'Services of the scope without a value in the period',
    missed_by      Array(String) COMMENT 'Services that do not meet it'
)
AS
SELECT
    targets.metric AS metric,
    targets.scope AS scope,
    targets.name AS name,
    targets.target AS target,
    targets.due AS due,
    measures.period_start AS period_start,
    measures.period_end AS period_end,
    countIf(if(endsWith(metric, '_per_day'), measures.shown >= target, measures.shown <= target)) AS numerator,
    count(measures.shown) AS denominator,
    if(denominator = 0, NULL, numerator / denominator) AS value,
    count() - denominator AS n_not_measured,
    arraySort(groupArrayIf(measures.service, if(endsWith(metric, '_per_day'), measures.shown < target, measures.shown > target))) AS missed_by
FROM
(
    SELECT
        service, team, period_start, period_end, metric, shown
    FROM ${database}.velocity(from = {from:Date}, to = {to:Date}, grain = {grain:String}, scope = 'service')
    WHERE NOT is_partial
) AS measures
INNER JOIN (SELECT metric, scope, name, target, due FROM targets) AS targets ON targets.metric = measures.metric
WHERE targets.scope = 'organisation'
    OR targets.scope = 'team' AND targets.name = measures.team
    OR targets.scope = 'service' AND targets.name = measures.service
GROUP BY metric, scope, name, target, due, period_start, period_end;

-- question: How does delivery do on a scale from 0 to 10, in the manner of the quick check of 2026?
-- grain: service (or team, or the organisation) x closed period; parameters as those of velocity
-- owner: platform-analytics
-- needs: velocity, tiers
CREATE OR REPLACE VIEW quick_check ${on_cluster}
(
    service                    String COMMENT 'Service; empty when the scope is team or organisation',
    team                       String COMMENT 'Team; of a service its owner at the last instant of the period; empty for the organisation',
    period_start               Date COMMENT 'First day, in the tenant''s zone',
    period_end                 Date COMMENT 'First day after it',
    deployment_frequency_score Nullable(Float64) COMMENT '0 to 10 by its bucket; NULL when nothing was measured',
    change_lead_time_score     Nullable(Float64) COMMENT '0 to 10 by its bucket; NULL when nothing was measured',
    recovery_time_score        Nullable(Float64) COMMENT '0 to 10 by its bucket; NULL when nothing was measured',
    change_fail_score          Nullable(Float64) COMMENT '10 x (1 - rate); NULL when nothing was measured, or under 5 attempts',
    deployment_rework_score    Nullable(Float64) COMMENT '10 x (1 - rate); NULL when nothing was measured, or under 5 attempts',
    value                      Nullable(Float64) COMMENT 'Mean of the scores there are; NULL when there are none',
    n                          UInt8 COMMENT 'How many scores there are, of 5'
)
AS
SELECT
    measures.service AS service,
    measures.team AS team,
    measures.period_start AS period_start,
    measures.period_end AS period_end,
    maxOrNullIf(score, metric = 'deployment_frequency_per_day') AS deployment_frequency_score,
    maxOrNullIf(score, metric = 'change_lead_time_p50_seconds') AS change_lead_time_score,
    maxOrNullIf(score, metric = 'failed_deployment_recovery_time_p50_seconds') AS recovery_time_score,
    maxOrNullIf(score, metric = 'change_fail_ratio') AS change_fail_score,
    maxOrNullIf(score, metric = 'deployment_rework_ratio') AS deployment_rework_score,
    avgOrNull(score) AS value,
    toUInt8(count(score)) AS n
FROM
(
    SELECT
        velocity.service AS service,
        velocity.team AS team,
        velocity.period_start AS period_start,
        velocity.period_end AS period_end,
        velocity.metric AS metric,
        multiIf(
            isNull(shown), NULL,
            empty(buckets.tiers), 10 * (1 - shown),
            toFloat64(
                arrayFirst(
                    bounds -> (assumeNotNull(shown) > bounds.3 OR (bounds.5 AND assumeNotNull(shown) = bounds.3))
                        AND ifNull(assumeNotNull(shown) < bounds.4 OR (bounds.6 AND assumeNotNull(shown) = bounds.4), 1),
                    buckets.tiers
                ).2
            )
        ) AS score
    FROM
    (
        SELECT service, team, period_start, period_end, metric, shown
        FROM ${database}.velocity(from = {from:Date}, to = {to:Date}, grain = {grain:String}, scope = {scope:String})
        WHERE is_headline AND NOT is_partial
    ) AS velocity
    LEFT JOIN
    (
        SELECT
            metric,
            arraySort(groupArray((position, assumeNotNull(score), lower, upper, includes_lower, includes_upper))) AS tiers
        FROM tiers
        WHERE isNotNull(score)
        GROUP BY metric
    ) AS buckets ON buckets.metric = velocity.metric
) AS measures
GROUP BY service, team, period_start, period_end;

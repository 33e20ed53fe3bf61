-- question: In which tier of the industry's report is each headline metric of a closed period, by edition?
-- grain: service (or team, or the organisation) x period x metric x edition; parameters as those of velocity
-- owner: platform-analytics
-- needs: velocity, tiers
CREATE OR REPLACE VIEW velocity_tiers ${on_cluster}
(
    service      String COMMENT 'Service; empty when the scope is team or organisation',
    team         String COMMENT 'Team; of a service its owner at the last instant of the period; empty for the organisation',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    metric       LowCardinality(String) COMMENT 'Headline metric of velocity that the report has tiers for',
    value        Nullable(Float64) COMMENT 'What velocity shows; NULL when it shows nothing',
    n            UInt64 COMMENT 'What it rests on',
    n_open       UInt64 COMMENT 'Failures not recovered yet; 0 for other measures',
    edition      String COMMENT 'Year of the report',
    is_headline  UInt8 COMMENT '1 for the edition that is set, 0 for the others beside it',
    tier         String COMMENT 'elite, high, medium or low; empty when there is none',
    null_reason  LowCardinality(String) COMMENT 'Why there is no tier: as in velocity, or outside_tiers; empty when there is one'
)
AS
SELECT
    measures.service AS service,
    measures.team AS team,
    measures.period_start AS period_start,
    measures.period_end AS period_end,
    measures.metric AS metric,
    measures.shown AS value,
    measures.n AS n,
    measures.n_open AS n_open,
    editions.edition AS edition,
    toUInt8(editions.edition = ${tier_edition}) AS is_headline,
    if(
        isNull(value), '',
        arrayFirst(
            bounds -> (assumeNotNull(value) > bounds.3 OR (bounds.5 AND assumeNotNull(value) = bounds.3))
                AND ifNull(assumeNotNull(value) < bounds.4 OR (bounds.6 AND assumeNotNull(value) = bounds.4), 1),
            editions.tiers
        ).2
    ) AS tier,
    multiIf(isNull(value), measures.null_reason, tier = '', 'outside_tiers', '') AS null_reason
FROM
(
    SELECT service, team, period_start, period_end, metric, shown, n, n_open, null_reason
    FROM ${database}.velocity(from = {from:Date}, to = {to:Date}, grain = {grain:String}, scope = {scope:String})
    WHERE is_headline AND NOT is_partial
) AS measures
INNER JOIN
(
    SELECT
        edition,
        metric,
        arraySort(groupArray((position, tier, lower, upper, includes_lower, includes_upper))) AS tiers
    FROM tiers
    WHERE isNull(score)
    GROUP BY edition, metric
) AS editions ON editions.metric = measures.metric;

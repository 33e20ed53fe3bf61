-- question: Where does a change spend its time on the way to production: coding, review, merge, deploy?
-- grain: service (or team, or the organisation) x period x stage; parameters as those of velocity
-- owner: platform-analytics
-- needs: velocity_spine, commits
CREATE OR REPLACE VIEW change_lead_time_stages ${on_cluster}
(
    service      String COMMENT 'Service; empty when the scope is team or organisation',
    team         String COMMENT 'Team; of a service its owner at the last instant of the period; empty for the organisation',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while the period runs',
    position     UInt8 COMMENT 'Order of the stages, from 1',
    stage        LowCardinality(String) COMMENT 'coding (first commit to opened), review (to first approval), merge (to merged), deploy (to production)',
    p50_seconds  Nullable(Float64) COMMENT 'Median; NULL when no commit has both ends of the stage',
    p75_seconds  Nullable(Float64) COMMENT 'Three of four took no longer',
    p90_seconds  Nullable(Float64) COMMENT 'Nine of ten took no longer',
    n            UInt64 COMMENT 'Commits with both ends of the stage; a change of several commits counts each, as lead time does',
    n_commits    UInt64 COMMENT 'Commits with a lead time in the period: the others came without a change that tells the stage'
)
AS
WITH
    counted AS
    (
        SELECT
            multiIf({scope:String} = 'team', team, {scope:String} = 'organisation', '', service) AS name,
            multiIf(
                {grain:String} = 'day', day,
                {grain:String} = 'week', toStartOfWeek(day, 1),
                {grain:String} = 'month', toStartOfMonth(day),
                {grain:String} = 'quarter', toStartOfQuarter(day),
                {from:Date}
            ) AS period_start,
            count() AS n_commits,
            [count(coding_us), count(review_us), count(merge_us), count(deploy_us)] AS n,
            [
                quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(coding_us), isNotNull(coding_us)),
                quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(review_us), isNotNull(review_us)),
                quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(merge_us), isNotNull(merge_us)),
                quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(deploy_us), isNotNull(deploy_us))
            ] AS took
        FROM (SELECT *, toDate(at, ${zone}) AS day FROM commits WHERE not_counted = '')
        WHERE day >= {from:Date} AND day < {to:Date}
        GROUP BY name, period_start
    )
SELECT
    if({scope:String} = 'service', spine.name, '') AS service,
    spine.team AS team,
    spine.period_start AS period_start,
    spine.period_end AS period_end,
    spine.is_partial AS is_partial,
    toUInt8(stage_position) AS position,
    ['coding', 'review', 'merge', 'deploy'][position] AS stage,
    if(n = 0, NULL, round(counted.took[position][1]) / 1e6) AS p50_seconds,
    if(n = 0, NULL, round(counted.took[position][2]) / 1e6) AS p75_seconds,
    if(n = 0, NULL, round(counted.took[position][3]) / 1e6) AS p90_seconds,
    counted.n[position] AS n,
    counted.n_commits AS n_commits
FROM
(
    SELECT name, team, period_start, period_end, is_partial
    FROM ${database}.velocity_spine(from = {from:Date}, to = {to:Date}, grain = {grain:String}, scope = {scope:String})
) AS spine
LEFT JOIN counted ON counted.name = spine.name AND counted.period_start = spine.period_start
ARRAY JOIN [1, 2, 3, 4] AS stage_position;

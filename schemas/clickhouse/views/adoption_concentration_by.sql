-- question: On how few teams does a platform service's use rest, by period of any grain?
-- grain: platform service x period with use; parameters from, to (days, to exclusive), grain (day, week, month, quarter, natural: of each service its own, range: all days between them)
-- owner: platform-analytics
-- needs: adoption_depth_by
CREATE OR REPLACE VIEW adoption_concentration_by ${on_cluster}
(
    service      String COMMENT 'Platform service',
    grain        String COMMENT 'day, week (ISO: from Monday), month, quarter or range',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while it runs',
    hhi          Float64 COMMENT 'Herfindahl-Hirschman index: sum of the squared shares of the teams, 0 to 1; 1: one team alone; unknown counts as one',
    uses         UInt64 COMMENT 'All uses of the service in the period',
    n            UInt64 COMMENT 'Teams that used it, unknown as one',
    top_team     String COMMENT 'Team with the greatest share',
    top_share    Float64 COMMENT 'Its share'
)
AS
SELECT
    service,
    teams.grain AS grain,
    period_start,
    teams.period_end AS period_end,
    teams.is_partial AS is_partial,
    sum(pow(teams.uses / teams.total, 2)) AS hhi,
    sum(teams.uses) AS uses,
    count() AS n,
    argMax(teams.team, (teams.uses, teams.team)) AS top_team,
    max(teams.uses / teams.total) AS top_share
FROM
(
    SELECT
        service, team, period_start, any(depth.grain) AS grain, any(depth.period_end) AS period_end, any(depth.is_partial) AS is_partial,
        sum(numerator) AS uses, any(denominator) AS total
    FROM ${database}.adoption_depth_by(from = {from:Date}, to = {to:Date}, grain = {grain:String}) AS depth
    GROUP BY service, team, period_start
) AS teams
GROUP BY service, grain, period_start, period_end, is_partial;

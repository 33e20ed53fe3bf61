-- question: How reliable and how quick are pipelines, day by day, by team?
-- grain: team x day x metric
-- owner: platform-analytics
-- needs: ci
-- columns: ci without service
CREATE OR REPLACE VIEW ci_teams_daily ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.ci(from = '2000-01-01', to = '2100-01-01', grain = 'day', scope = 'team');

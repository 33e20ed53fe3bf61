-- question: How reliable and how quick are pipelines, month by month, by team?
-- grain: team x month x metric
-- owner: platform-analytics
-- needs: ci
-- columns: ci without service
CREATE OR REPLACE VIEW ci_teams_monthly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.ci(from = '2000-01-01', to = '2100-01-01', grain = 'month', scope = 'team');

-- question: How reliable and how quick are pipelines, quarter by quarter, by team?
-- grain: team x quarter x metric
-- owner: platform-analytics
-- needs: ci
-- columns: ci without service
CREATE OR REPLACE VIEW ci_teams_quarterly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.ci(from = '2000-01-01', to = '2100-01-01', grain = 'quarter', scope = 'team');

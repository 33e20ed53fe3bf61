-- question: How reliable and how quick were pipelines between two days, by team?
-- grain: team x metric; parameters from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: ci
-- columns: ci without service
CREATE OR REPLACE VIEW ci_teams_range ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.ci(from = {from:Date}, to = {to:Date}, grain = 'range', scope = 'team');

-- question: How quickly and how safely do changes flow, quarter by quarter, by team?
-- grain: team x quarter x metric
-- owner: platform-analytics
-- needs: velocity
-- columns: velocity without service
CREATE OR REPLACE VIEW velocity_teams_quarterly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.velocity(from = '2000-01-01', to = '2100-01-01', grain = 'quarter', scope = 'team');

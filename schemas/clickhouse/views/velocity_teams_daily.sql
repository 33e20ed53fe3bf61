-- question: How quickly and how safely do changes flow, day by day, by team?
-- grain: team x day x metric
-- owner: platform-analytics
-- needs: velocity
-- columns: velocity without service
CREATE OR REPLACE VIEW velocity_teams_daily ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.velocity(from = '2000-01-01', to = '2100-01-01', grain = 'day', scope = 'team');

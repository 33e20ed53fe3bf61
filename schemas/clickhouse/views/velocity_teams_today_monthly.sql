-- question: How quickly and how safely did changes flow, month by month, by team as the teams are organised today?
-- grain: team of today x month x metric; a service's whole history stands under its owner today
-- owner: platform-analytics
-- needs: velocity
-- columns: velocity without service
CREATE OR REPLACE VIEW velocity_teams_today_monthly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.velocity(from = '2000-01-01', to = '2100-01-01', grain = 'month', scope = 'today');

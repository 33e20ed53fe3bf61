-- question: How quickly and how safely did changes flow between two days, by team as the teams are organised today?
-- grain: team of today x metric; parameters from, to (days, to exclusive); a service's whole history stands under its owner today
-- owner: platform-analytics
-- needs: velocity
-- columns: velocity without service
CREATE OR REPLACE VIEW velocity_teams_today_range ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.velocity(from = {from:Date}, to = {to:Date}, grain = 'range', scope = 'today');

-- question: How quickly and how safely did changes flow between two days, by team?
-- grain: team x metric; parameters from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: velocity
-- columns: velocity without service
CREATE OR REPLACE VIEW velocity_teams_range ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.velocity(from = {from:Date}, to = {to:Date}, grain = 'range', scope = 'team');

-- question: How quickly and how safely did changes flow between two days?
-- grain: service x metric; parameters from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: velocity
-- columns: velocity
CREATE OR REPLACE VIEW velocity_range ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.velocity(from = {from:Date}, to = {to:Date}, grain = 'range', scope = 'service');

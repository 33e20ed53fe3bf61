-- question: How quickly and how safely do changes flow, month by month?
-- grain: service x month x metric
-- owner: platform-analytics
-- needs: velocity
-- columns: velocity
CREATE OR REPLACE VIEW velocity_monthly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.velocity(from = '2000-01-01', to = '2100-01-01', grain = 'month', scope = 'service');

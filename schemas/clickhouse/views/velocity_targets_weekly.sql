-- question: Which share of the services that a velocity target is set for meets it, week by week?
-- grain: target x week
-- owner: platform-analytics
-- needs: velocity_targets
-- columns: velocity_targets
CREATE OR REPLACE VIEW velocity_targets_weekly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.velocity_targets(from = '2000-01-01', to = '2100-01-01', grain = 'week');

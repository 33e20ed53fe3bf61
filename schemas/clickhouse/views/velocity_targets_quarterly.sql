-- question: Which share of the services that a velocity target is set for meets it, quarter by quarter?
-- grain: target x quarter
-- owner: platform-analytics
-- needs: velocity_targets
-- columns: velocity_targets
CREATE OR REPLACE VIEW velocity_targets_quarterly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.velocity_targets(from = '2000-01-01', to = '2100-01-01', grain = 'quarter');

-- question: How quickly and how safely do changes flow, month by month, over all services?
-- grain: month x metric
-- owner: platform-analytics
-- needs: velocity
-- columns: velocity without service, team
CREATE OR REPLACE VIEW velocity_organisation_monthly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.velocity(from = '2000-01-01', to = '2100-01-01', grain = 'month', scope = 'organisation');

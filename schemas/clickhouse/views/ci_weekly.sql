-- question: How reliable and how quick are pipelines, week by week?
-- grain: service x week x metric
-- owner: platform-analytics
-- needs: ci
-- columns: ci
CREATE OR REPLACE VIEW ci_weekly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.ci(from = '2000-01-01', to = '2100-01-01', grain = 'week', scope = 'service');

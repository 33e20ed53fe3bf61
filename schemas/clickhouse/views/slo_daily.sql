-- question: How much of its error budget had a service left, day by day since the beginning?
-- grain: service x day with an objective
-- owner: platform-analytics
-- needs: slo_days
-- columns: slo_days
CREATE OR REPLACE VIEW slo_daily ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.slo_days(from = '2000-01-01', to = '2100-01-01');

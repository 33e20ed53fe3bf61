-- question: How long did requests to a service take, week by week?
-- grain: service x week with traffic
-- owner: platform-analytics
-- needs: latency
-- columns: latency without route, team
CREATE OR REPLACE VIEW latency_weekly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.latency(from = '2000-01-01', to = '2100-01-01', grain = 'week', scope = 'service');

-- question: How long did requests to a service take, day by day?
-- grain: service x day with traffic
-- owner: platform-analytics
-- needs: latency
-- columns: latency without route, team
CREATE OR REPLACE VIEW latency_daily ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.latency(from = '2000-01-01', to = '2100-01-01', grain = 'day', scope = 'service');

-- question: How long did requests to a service take, month by month?
-- grain: service x month with traffic
-- owner: platform-analytics
-- needs: latency
-- columns: latency without route, team
CREATE OR REPLACE VIEW latency_monthly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.latency(from = '2000-01-01', to = '2100-01-01', grain = 'month', scope = 'service');

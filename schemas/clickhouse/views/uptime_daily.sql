-- question: Which share of the minutes was a service up, day by day?
-- grain: service x day
-- owner: platform-analytics
-- needs: uptime
-- columns: uptime
CREATE OR REPLACE VIEW uptime_daily ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.uptime(from = '2000-01-01', to = '2100-01-01', grain = 'day');

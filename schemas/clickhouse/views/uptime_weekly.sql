-- question: Which share of the minutes was a service up, week by week?
-- grain: service x week
-- owner: platform-analytics
-- needs: uptime
-- columns: uptime
CREATE OR REPLACE VIEW uptime_weekly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.uptime(from = '2000-01-01', to = '2100-01-01', grain = 'week');

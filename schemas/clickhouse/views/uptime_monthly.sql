-- question: Which share of the minutes was a service up, month by month?
-- grain: service x month
-- owner: platform-analytics
-- needs: uptime
-- columns: uptime
CREATE OR REPLACE VIEW uptime_monthly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.uptime(from = '2000-01-01', to = '2100-01-01', grain = 'month');

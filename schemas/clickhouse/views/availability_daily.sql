-- question: Which share of the requests to a service went well, day by day?
-- grain: service x day
-- owner: platform-analytics
-- needs: availability
-- columns: availability without route
CREATE OR REPLACE VIEW availability_daily ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.availability(from = '2000-01-01', to = '2100-01-01', grain = 'day', scope = 'service');

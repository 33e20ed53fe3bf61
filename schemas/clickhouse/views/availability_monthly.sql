-- question: Which share of the requests to a service went well, month by month?
-- grain: service x month
-- owner: platform-analytics
-- needs: availability
-- columns: availability without route
CREATE OR REPLACE VIEW availability_monthly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.availability(from = '2000-01-01', to = '2100-01-01', grain = 'month', scope = 'service');

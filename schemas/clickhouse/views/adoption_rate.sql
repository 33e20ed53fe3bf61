-- question: Which share of the teams uses a platform service, week by week?
-- grain: platform service x observed week x population
-- owner: platform-analytics
-- needs: adoption_rate_by
-- columns: adoption_rate_by
CREATE OR REPLACE VIEW adoption_rate ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.adoption_rate_by(from = '2000-01-01', to = '2100-01-01', grain = 'week');

-- question: Which teams actively use which platform service, week by week?
-- grain: platform service x team x week; only active ones
-- owner: platform-analytics
-- needs: adoption_active_by
-- columns: adoption_active_by
CREATE OR REPLACE VIEW adoption_active ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.adoption_active_by(from = '2000-01-01', to = '2100-01-01', grain = 'week');

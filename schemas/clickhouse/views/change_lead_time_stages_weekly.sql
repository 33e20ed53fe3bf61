-- question: Where does a change spend its time on the way to production, week by week?
-- grain: service x week x stage
-- owner: platform-analytics
-- needs: change_lead_time_stages
-- columns: change_lead_time_stages
CREATE OR REPLACE VIEW change_lead_time_stages_weekly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.change_lead_time_stages(from = '2000-01-01', to = '2100-01-01', grain = 'week', scope = 'service');

-- question: Which share of the teams takes each step into a platform service within 28 days, and how long does it take?
-- grain: platform service x step
-- owner: platform-analytics
-- needs: adoption_funnel_within
-- columns: adoption_funnel_within
CREATE OR REPLACE VIEW adoption_funnel_steps ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.adoption_funnel_within(days = 28);

-- question: On how many days of a week do its users use a platform service?
-- grain: platform service x consumer set x observed week
-- owner: platform-analytics
-- needs: adoption_stickiness_by
-- columns: adoption_stickiness_by
CREATE OR REPLACE VIEW adoption_stickiness_weekly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.adoption_stickiness_by(grain = 'week');

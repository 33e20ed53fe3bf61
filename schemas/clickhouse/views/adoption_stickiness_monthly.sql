-- question: On how many days of a month do its users use a platform service?
-- grain: platform service x consumer set x observed month
-- owner: platform-analytics
-- needs: adoption_stickiness_by
-- columns: adoption_stickiness_by
CREATE OR REPLACE VIEW adoption_stickiness_monthly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.adoption_stickiness_by(grain = 'month');

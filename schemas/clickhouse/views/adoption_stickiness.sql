-- question: On how many days of a week or month do the users of a platform service use it?
-- grain: platform service x consumer set x grain x observed period
-- owner: platform-analytics
-- needs: adoption_stickiness_by
-- columns: adoption_stickiness_by
CREATE OR REPLACE VIEW adoption_stickiness ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.adoption_stickiness_by(grain = 'week')
UNION ALL
SELECT ${names}
FROM ${database}.adoption_stickiness_by(grain = 'month');

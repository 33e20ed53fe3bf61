-- question: Of those who began to use a platform service in one month, which share used it so many months later?
-- grain: platform service x consumer set x cohort x observed month since
-- owner: platform-analytics
-- needs: adoption_cohorts_by
-- columns: adoption_cohorts_by
CREATE OR REPLACE VIEW adoption_cohorts_monthly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.adoption_cohorts_by(grain = 'month');

-- question: Of those who began to use a platform service in one week, month or quarter, which share still uses it?
-- grain: platform service x consumer set x grain x cohort x observed period since
-- owner: platform-analytics
-- needs: adoption_cohorts_by
-- columns: adoption_cohorts_by
CREATE OR REPLACE VIEW adoption_cohorts ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.adoption_cohorts_by(grain = 'week')
UNION ALL
SELECT ${names}
FROM ${database}.adoption_cohorts_by(grain = 'month')
UNION ALL
SELECT ${names}
FROM ${database}.adoption_cohorts_by(grain = 'quarter');

-- question: Whom did a platform service win, keep, win back and lose, week by week?
-- grain: platform service x consumer set x observed week
-- owner: platform-analytics
-- needs: adoption_growth_by
-- columns: adoption_growth_by
CREATE OR REPLACE VIEW adoption_growth ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.adoption_growth_by(grain = 'week');

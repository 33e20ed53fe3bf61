-- question: How long do teams need for their first, their second, their n-th service: does the platform get easier to use?
-- grain: start x n
-- owner: platform-analytics
-- needs: ttp_medians
-- columns: ttp_medians without team, template, cohort
CREATE OR REPLACE VIEW ttp_nth ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ttp_medians
WHERE nth > 0;

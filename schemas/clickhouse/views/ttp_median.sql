-- question: How long does it take until half of the services are in production, those on their way counted as such?
-- grain: start x team x template x cohort
-- owner: platform-analytics
-- needs: ttp_medians
-- columns: ttp_medians without nth
CREATE OR REPLACE VIEW ttp_median ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ttp_medians
WHERE nth = 0;

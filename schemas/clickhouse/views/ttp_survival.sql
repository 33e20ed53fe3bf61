-- question: Which share of services is not in production yet, so long after its start?
-- grain: start x team x template x cohort x time at which some service got there or was censored
-- owner: platform-analytics
-- needs: ttp_curves
-- columns: ttp_curves without nth, time_us
CREATE OR REPLACE VIEW ttp_survival ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ttp_curves
WHERE nth = 0;

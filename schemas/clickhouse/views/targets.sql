-- question: Which goals were set, for which metric and scope, until when?
-- grain: metric x scope x due day
-- owner: platform-analytics
-- needs: catalog_facts
CREATE OR REPLACE VIEW targets ${on_cluster}
(
    metric     String COMMENT 'Metric that is to reach the value, as the views name it',
    scope      LowCardinality(String) COMMENT 'organisation, team or service',
    name       String COMMENT 'Team or service; empty for the organisation',
    target     Float64 COMMENT 'Value to reach, as last said',
    due        DateTime64(6, 'UTC') COMMENT 'Until when',
    set_at     DateTime64(6, 'UTC') COMMENT 'When it was first set',
    changed_at DateTime64(6, 'UTC') COMMENT 'When its value was last said',
    is_met     Nullable(UInt8) COMMENT 'NULL here: whether it is met is answered beside the metric'
)
AS
SELECT
    metric,
    splitByChar(':', scoped)[1] AS scope,
    if(position(scoped, ':') = 0, '', substring(scoped, position(scoped, ':') + 1)) AS name,
    argMax(amount, rank) AS target,
    due,
    min(facts.at) AS set_at,
    max(facts.at) AS changed_at,
    CAST(NULL, 'Nullable(UInt8)') AS is_met
FROM
(
    SELECT
        rank,
        at,
        removed,
        JSONExtractString(data, 'metric') AS metric,
        JSONExtractString(data, 'scope') AS scoped,
        JSONExtractFloat(data, 'value') AS amount,
        parseDateTime64BestEffort(JSONExtractString(data, 'due'), 6, 'UTC') AS due
    FROM catalog_facts
    WHERE kind = 'target'
) AS facts
GROUP BY metric, scoped, due
HAVING argMax(removed, rank) = 0;

-- question: Until when can the numbers of each family of metrics be right?
-- grain: metric family
-- owner: platform-operations
-- needs: freshness
CREATE OR REPLACE VIEW freshness_families ${on_cluster}
(
    family      LowCardinality(String) COMMENT 'adoption, time-to-production, velocity, ci, reliability or cost',
    streams     Array(String) COMMENT 'Streams that its numbers come from',
    missing     Array(String) COMMENT 'Those of them of which there is no data at all',
    slowest     String COMMENT 'The stream that ends earliest; empty when there is no data',
    data_until  Nullable(DateTime64(6, 'UTC')) COMMENT 'Until when every stream that has data has it; NULL when none has',
    lag_seconds Nullable(Float64) COMMENT 'Now minus data_until',
    as_of       Nullable(DateTime64(6, 'UTC')) COMMENT 'Now, for every view; NULL before the clock''s first tick'
)
AS
SELECT
    family,
    arraySort(groupArray(toString(stream))) AS streams,
    arraySort(groupArrayIf(toString(stream), isNull(latest.data_until))) AS missing,
    argMinIf(toString(stream), (latest.data_until, stream), isNotNull(latest.data_until)) AS slowest,
    min(latest.data_until) AS data_until,
    max(latest.lag_seconds) AS lag_seconds,
    any(latest.as_of) AS as_of
FROM freshness AS latest
-- The catalog says something only when something changes: that it is silent makes no number old.
ARRAY JOIN multiIf(
    stream = 'gateway', ['adoption', 'time-to-production', 'reliability', 'cost'],
    stream = 'facts', ['adoption', 'time-to-production', 'velocity', 'ci'],
    stream = 'costs', ['cost'],
    CAST([], 'Array(String)')
) AS family
GROUP BY family;

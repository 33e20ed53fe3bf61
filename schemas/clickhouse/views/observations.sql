-- question: Since when are the events of each source seen?
-- grain: source
-- owner: platform-operations
-- needs: catalog_facts
CREATE OR REPLACE VIEW observations ${on_cluster}
(
    source         String COMMENT 'CloudEvents source, e.g. //github.com; * is every source without its own',
    observed_since DateTime64(6, 'UTC') COMMENT 'First instant of which events were seen, as last said; a backfill moves it back'
)
AS
SELECT source, assumeNotNull(argMax(since, rank)) AS observed_since
FROM
(
    SELECT
        rank,
        removed,
        JSONExtractString(data, 'source') AS source,
        parseDateTime64BestEffortOrNull(JSONExtractString(data, 'observed_since'), 6, 'UTC') AS since
    FROM catalog_facts
    WHERE kind = 'observation'
) AS facts
GROUP BY source
HAVING argMax(removed, rank) = 0;

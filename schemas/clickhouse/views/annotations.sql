-- question: What happened that is worth a mark on a trend?
-- grain: annotation (scope x category x text x instant)
-- owner: platform-analytics
-- needs: catalog_facts
CREATE OR REPLACE VIEW annotations ${on_cluster}
(
    scope    LowCardinality(String) COMMENT 'organisation, team or service',
    name     String COMMENT 'Team or service; empty for the organisation',
    category String COMMENT 'launch, freeze, price change, ...',
    text     String COMMENT 'What happened',
    at       DateTime64(6, 'UTC') COMMENT 'When it happened, or began',
    until    Nullable(DateTime64(6, 'UTC')) COMMENT 'When it ended, as last said; NULL for a moment, or when it has no end yet'
)
AS
SELECT
    splitByChar(':', scoped)[1] AS scope,
    if(position(scoped, ':') = 0, '', substring(scoped, position(scoped, ':') + 1)) AS name,
    category,
    text,
    facts.begins AS at,
    -- A later word without an end takes the end back.
    argMax(tuple(facts.ends), rank).1 AS until
FROM
(
    SELECT
        rank,
        removed,
        JSONExtractString(data, 'scope') AS scoped,
        JSONExtractString(data, 'category') AS category,
        JSONExtractString(data, 'text') AS text,
        parseDateTime64BestEffort(JSONExtractString(data, 'at'), 6, 'UTC') AS begins,
        parseDateTime64BestEffortOrNull(JSONExtractString(data, 'until'), 6, 'UTC') AS ends
    FROM catalog_facts
    WHERE kind = 'annotation'
) AS facts
GROUP BY scoped, category, text, begins
HAVING argMax(removed, rank) = 0;

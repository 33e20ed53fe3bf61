-- question: Which services does the catalog know, and what does it say of them now?
-- grain: service
-- owner: platform-analytics
-- needs: catalog_facts
CREATE OR REPLACE VIEW catalog_services ${on_cluster}
(
    service       String COMMENT 'Service',
    title         Nullable(String) COMMENT 'Title',
    onboarded_at  Nullable(DateTime64(6, 'UTC')) COMMENT 'Created, else the earliest declared start; NULL when the catalog gives no date',
    archived_at   Nullable(DateTime64(6, 'UTC')) COMMENT 'Archived, or removed from the catalog; NULL while it lives',
    template      Nullable(String) COMMENT 'Golden path it was made from',
    system        Nullable(String) COMMENT 'System it is part of',
    lifecycle     Nullable(String) COMMENT 'Lifecycle word of the catalog',
    is_platform   UInt8 COMMENT '1 for a platform service; 0 when the catalog says no or nothing',
    capability    Nullable(String) COMMENT 'api, ci or deployment',
    natural_grain String COMMENT 'day, week, month or quarter; week when not said',
    active_min    UInt32 COMMENT 'ok requests in a period that make a user active; 1 when not said',
    aliases       Array(String) COMMENT 'Other names, all that were ever said'
)
AS
SELECT
    service,
    argMaxIf(facts.title, rank, isNotNull(facts.title)) AS title,
    -- Of contradicting dates the earliest said stands, then the smaller id. A later fact that is dated says since when it
    -- holds, not that the service began anew; nor does a removal.
    coalesce(
        argMinIf(onboarded, (rank.2, rank.3, rank.4), isNotNull(onboarded)), minOrNullIf(declared, removed = 0)
    ) AS onboarded_at,
    coalesce(argMaxIf(archived, rank, isNotNull(archived)), if(argMax(removed, rank) = 1, max(facts.at), NULL)) AS archived_at,
    argMaxIf(facts.template, rank, isNotNull(facts.template)) AS template,
    argMaxIf(facts.system, rank, isNotNull(facts.system)) AS system,
    argMaxIf(facts.lifecycle, rank, isNotNull(facts.lifecycle)) AS lifecycle,
    ifNull(argMaxIf(platform, rank, isNotNull(platform)), 0) AS is_platform,
    argMaxIf(facts.capability, rank, isNotNull(facts.capability)) AS capability,
    ifNull(argMaxIf(facts.natural_grain, rank, isNotNull(facts.natural_grain)), 'week') AS natural_grain,
    ifNull(argMaxIf(facts.active_min, rank, isNotNull(facts.active_min)), 1) AS active_min,
    arraySort(arrayDistinct(arrayFlatten(groupArray(facts.aliases)))) AS aliases
FROM
(
    SELECT
        rank,
        at,
        removed,
        JSONExtractString(data, 'service') AS service,
        JSONExtract(data, 'title', 'Nullable(String)') AS title,
        parseDateTime64BestEffortOrNull(JSONExtractString(data, 'onboarded_at'), 6, 'UTC') AS onboarded,
        parseDateTime64BestEffortOrNull(JSONExtractString(data, 'valid_from'), 6, 'UTC') AS declared,
        parseDateTime64BestEffortOrNull(JSONExtractString(data, 'archived_at'), 6, 'UTC') AS archived,
        JSONExtract(data, 'template', 'Nullable(String)') AS template,
        JSONExtract(data, 'system', 'Nullable(String)') AS system,
        JSONExtract(data, 'lifecycle', 'Nullable(String)') AS lifecycle,
        CAST(JSONExtract(data, 'is_platform', 'Nullable(Bool)'), 'Nullable(UInt8)') AS platform,
        JSONExtract(data, 'capability', 'Nullable(String)') AS capability,
        JSONExtract(data, 'natural_grain', 'Nullable(String)') AS natural_grain,
        JSONExtract(data, 'active_min', 'Nullable(UInt32)') AS active_min,
        JSONExtract(data, 'aliases', 'Array(String)') AS aliases
    FROM catalog_facts
    WHERE kind = 'service'
) AS facts
GROUP BY service;

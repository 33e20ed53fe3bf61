-- question: Which dated facts does the catalog hold, each once?
-- grain: catalog event
-- owner: platform-analytics
-- needs: as_of
CREATE OR REPLACE VIEW catalog_facts ${on_cluster}
(
    source    String COMMENT 'System that said it',
    id        String COMMENT 'Event id',
    kind      LowCardinality(String) COMMENT 'service, team, mapping, ownership, consumer, grant, slo, target, annotation',
    entity    String COMMENT 'What the fact is about',
    at        DateTime64(6, 'UTC') COMMENT 'Declared start where there is one, else when it was observed',
    day_start DateTime64(6, 'UTC') COMMENT 'Start of that day in the tenant''s zone: from here the fact holds',
    rank      Tuple(DateTime64(6, 'UTC'), DateTime64(6, 'UTC'), String, String) COMMENT 'Order of facts: greatest stands',
    removed   UInt8 COMMENT '1 closes the interval',
    data      String COMMENT 'The contract as JSON'
)
AS
SELECT
    source,
    id,
    kind,
    entity,
    fact.at AS at,
    toDateTime64(toStartOfDay(fact.at, ${zone}), 6, 'UTC') AS day_start,
    (fact.at, time, id, source) AS rank,
    removed,
    data
FROM
(
    -- Of two contents under one identity the greatest version counts.
    SELECT source, id, kind, entity, time, at, removed, data
    FROM catalog_events FINAL
    ORDER BY version DESC
    LIMIT 1 BY source, id
) AS fact
WHERE fact.at <= (SELECT at FROM as_of);

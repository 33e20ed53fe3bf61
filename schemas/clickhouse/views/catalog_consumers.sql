-- question: Which callers does the catalog know, and which service is behind each?
-- grain: consumer
-- owner: platform-analytics
-- needs: catalog_facts
CREATE OR REPLACE VIEW catalog_consumers ${on_cluster}
(
    consumer     String COMMENT 'Caller identity at the gateway',
    service      String COMMENT 'Service that calls under this identity; empty when not said',
    is_synthetic UInt8 COMMENT '1 for probes and health checks: they never count as use'
)
AS
SELECT
    consumer,
    ifNull(argMaxIf(caller, rank, isNotNull(caller)), '') AS service,
    argMax(synthetic, rank) AS is_synthetic
FROM
(
    SELECT
        rank,
        JSONExtractString(data, 'consumer') AS consumer,
        JSONExtract(data, 'service', 'Nullable(String)') AS caller,
        JSONExtractBool(data, 'is_synthetic') AS synthetic
    FROM catalog_facts
    WHERE kind = 'consumer' AND removed = 0
)
GROUP BY consumer;

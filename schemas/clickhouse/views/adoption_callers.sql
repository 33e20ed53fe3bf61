-- question: Which service is behind a caller of a platform service?
-- grain: caller identity
-- owner: platform-analytics
-- needs: catalog_consumers, service_aliases
CREATE OR REPLACE VIEW adoption_callers ${on_cluster}
(
    consumer String COMMENT 'Caller identity at the gateway',
    service  String COMMENT 'Service that calls: the catalog says it, or the caller''s name is a service''s (a mesh workload)'
)
AS
SELECT consumer, argMin(known.service, place) AS service
FROM
(
    SELECT consumer, service, 1 AS place FROM catalog_consumers WHERE service != ''
    UNION ALL
    SELECT alias AS consumer, service, 2 AS place FROM service_aliases
) AS known
GROUP BY consumer;

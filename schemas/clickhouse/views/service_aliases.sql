-- question: Which service is meant by a name that a gateway or a workload uses?
-- grain: name
-- owner: platform-analytics
-- needs: catalog_services
CREATE OR REPLACE VIEW service_aliases ${on_cluster}
(
    alias   String COMMENT 'A name in use: the service''s own, or another one',
    service String COMMENT 'Service by its catalog name'
)
AS
SELECT
    names.alias AS alias,
    -- A service's own name beats another's alias; of two claims to one alias the smaller name stands.
    argMin(names.service, (names.alias != names.service, names.service)) AS service
FROM
(
    SELECT arrayJoin(arrayPushFront(aliases, catalog_services.service)) AS alias, catalog_services.service AS service
    FROM catalog_services
) AS names
GROUP BY names.alias;

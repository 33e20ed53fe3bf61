-- question: Who answers today for a service or a caller?
-- grain: service or caller that has an owner
-- owner: platform-analytics
-- needs: catalog_ownership, catalog_lineage
CREATE OR REPLACE VIEW catalog_owners_today ${on_cluster}
(
    entity LowCardinality(String) COMMENT 'service or consumer',
    name   String COMMENT 'Service or caller',
    team   String COMMENT 'Team of today; unknown when the catalog names none, or one that was split and is gone',
    owner  String COMMENT 'Owner as the catalog names it: a former team until the catalog is told'
)
AS
SELECT
    owned.entity AS entity,
    owned.name AS name,
    multiIf(heirs.successors = 1, heirs.today, heirs.successors > 1, 'unknown', owned.team) AS team,
    owned.team AS owner
FROM (SELECT entity, name, team FROM catalog_ownership WHERE isNull(valid_to)) AS owned
LEFT JOIN
(
    SELECT team, any(lineage.today) AS today, any(lineage.successors) AS successors
    FROM catalog_lineage AS lineage
    -- Gone for good: a name that was given again is another team.
    WHERE valid_to = toDateTime64('2200-01-01 00:00:00', 6, 'UTC')
    GROUP BY team
) AS heirs ON heirs.team = owned.team;

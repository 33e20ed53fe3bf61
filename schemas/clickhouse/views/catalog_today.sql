-- question: Under which team of today does the history of a service stand, as the teams are organised today?
-- grain: one row: look-ups as arrays, for queries that would otherwise join every fact
-- owner: platform-analytics
-- needs: catalog_owners_today, catalog_lineage
CREATE OR REPLACE VIEW catalog_today ${on_cluster}
(
    services Array(String) COMMENT 'Services that have an owner today; first an empty name, so that it is never empty',
    owners   Array(String) COMMENT 'Their owners, same length',
    formers  Array(String) COMMENT 'Teams that are gone: they decide where a service has no owner today',
    heirs    Array(String) COMMENT 'What became of each, same length; unknown when it was split'
)
AS
SELECT
    arrayPushFront(owned.names, '') AS services,
    arrayPushFront(owned.teams, 'unknown') AS owners,
    arrayPushFront(gone.teams, '') AS formers,
    arrayPushFront(gone.todays, 'unknown') AS heirs
FROM
(
    SELECT groupArray(name) AS names, groupArray(team) AS teams
    FROM catalog_owners_today
    WHERE entity = 'service' AND team != 'unknown'
) AS owned
CROSS JOIN
(
    SELECT groupArray(team) AS teams, groupArray(today) AS todays
    FROM
    (
        SELECT team, if(count() = 1, any(lineage.today), 'unknown') AS today
        FROM catalog_lineage AS lineage
        WHERE valid_to = toDateTime64('2200-01-01 00:00:00', 6, 'UTC')
        GROUP BY team
    )
) AS gone;

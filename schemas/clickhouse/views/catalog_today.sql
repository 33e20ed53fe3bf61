-- question: Under which team of today does the history of a service stand, as the teams are organised today?
-- grain: one row: look-ups as arrays, for queries that would otherwise join every fact
-- owner: platform-analytics
-- needs: catalog_ownership, catalog_lineage
CREATE OR REPLACE VIEW catalog_today ${on_cluster}
(
    services Array(String) COMMENT 'Services that have an owner today; first an empty name, so that it is never empty',
    owners   Array(String) COMMENT 'Their owners, same length',
    formers  Array(String) COMMENT 'Teams that are gone: they decide where a service has no owner today',
    heirs    Array(String) COMMENT 'What became of each, same length; unknown when it was split'
)
AS
WITH
    gone AS
    (
        SELECT groupArray(team) AS teams, groupArray(today) AS todays
        FROM
        (
            SELECT team, if(count() = 1, any(lineage.today), 'unknown') AS today
            FROM catalog_lineage AS lineage
            WHERE valid_to = toDateTime64('2200-01-01 00:00:00', 6, 'UTC')
            GROUP BY team
        )
    ),
    owned AS
    (
        SELECT groupArray((name, team)) AS pairs
        FROM catalog_ownership
        WHERE entity = 'service' AND isNull(valid_to)
    )
SELECT
    arrayPushFront(today.1, '') AS services,
    arrayPushFront(today.2, 'unknown') AS owners,
    arrayPushFront(teams, '') AS formers,
    arrayPushFront(todays, 'unknown') AS heirs
FROM
(
    SELECT
        -- As catalog_owners_today says it, which would walk the lineage a second time.
        arrayFilter(
            pair -> pair.2 != 'unknown',
            arrayMap(pair -> (pair.1, if(has(gone.teams, pair.2), gone.todays[indexOf(gone.teams, pair.2)], pair.2)), owned.pairs)
        ) AS today,
        gone.teams AS teams,
        gone.todays AS todays
    FROM owned
    CROSS JOIN gone
) AS looked;

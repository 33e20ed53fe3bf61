-- question: Which teams exist, from when until when?
-- grain: team
-- owner: platform-analytics
-- needs: catalog_facts, catalog_ownership
CREATE OR REPLACE VIEW catalog_teams ${on_cluster}
(
    team       String COMMENT 'Team',
    title      Nullable(String) COMMENT 'Title',
    parent     Nullable(String) COMMENT 'Team above it',
    valid_from DateTime64(6, 'UTC') COMMENT 'Exists from here; without a declared date from the beginning (assumed)',
    valid_to   Nullable(DateTime64(6, 'UTC')) COMMENT 'Dissolved or removed; NULL while it exists',
    assumed    UInt8 COMMENT '1 when no start was declared',
    is_implied UInt8 COMMENT '1 when the catalog names it only as an owner'
)
AS
WITH
    declared AS
    (
        SELECT
            team,
            argMaxIf(name, rank, isNotNull(name)) AS title,
            argMaxIf(above, rank, isNotNull(above)) AS parent,
            -- As of a service: a later fact that is dated, or a removal, does not make the team anew.
            coalesce(argMaxIf(created, rank, isNotNull(created)), minOrNullIf(since, removed = 0)) AS created_at,
            coalesce(
                argMaxIf(dissolved, rank, isNotNull(dissolved)),
                if(argMax(removed, rank) = 1, max(day_start), NULL)
            ) AS dissolved_at
        FROM
        (
            SELECT
                rank,
                day_start,
                removed,
                JSONExtractString(data, 'team') AS team,
                JSONExtract(data, 'title', 'Nullable(String)') AS name,
                JSONExtract(data, 'parent', 'Nullable(String)') AS above,
                parseDateTime64BestEffortOrNull(JSONExtractString(data, 'created_at'), 6, 'UTC') AS created,
                parseDateTime64BestEffortOrNull(JSONExtractString(data, 'valid_from'), 6, 'UTC') AS since,
                parseDateTime64BestEffortOrNull(JSONExtractString(data, 'dissolved_at'), 6, 'UTC') AS dissolved
            FROM catalog_facts
            WHERE kind = 'team'
        )
        GROUP BY team
    )
SELECT
    team,
    title,
    parent,
    coalesce(created_at, toDateTime64('2000-01-01 00:00:00', 6, 'UTC')) AS valid_from,
    dissolved_at AS valid_to,
    isNull(created_at) AS assumed,
    0 AS is_implied
FROM declared
UNION ALL
SELECT
    team,
    NULL AS title,
    NULL AS parent,
    min(owned.valid_from) AS valid_from,
    if(countIf(isNull(owned.valid_to)) > 0, NULL, max(owned.valid_to)) AS valid_to,
    max(owned.assumed) AS assumed,
    1 AS is_implied
FROM catalog_ownership AS owned
WHERE team != 'unknown' AND team NOT IN (SELECT team FROM declared)
GROUP BY team;

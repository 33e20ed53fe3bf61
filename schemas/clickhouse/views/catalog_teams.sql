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
    valid_to   Nullable(DateTime64(6, 'UTC')) COMMENT 'Dissolved, removed, renamed away or merged into another; NULL while it exists',
    assumed    UInt8 COMMENT '1 when no start was declared',
    is_implied UInt8 COMMENT '1 when the catalog names it only as an owner'
)
AS
WITH
    -- Teams that go on as another: gone from that day, unless they are named again later (see catalog_lineage).
    gone AS
    (
        SELECT former AS team, coalesce(maxOrNullIf(day_start, is_dated), min(day_start)) AS gone_at
        FROM
        (
            SELECT
                day_start,
                JSONExtractString(data, 'team') AS heir,
                JSONExtractString(data, 'valid_from') != '' AS is_dated,
                arrayJoin(JSONExtract(data, 'predecessors', 'Array(String)')) AS former
            FROM catalog_facts
            WHERE kind = 'team' AND removed = 0 AND JSONExtractString(data, 'lineage') IN ('renamed', 'merged')
        )
        WHERE former != heir
        GROUP BY former
    ),
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
            ) AS dissolved_at,
            maxIf(day_start, removed = 0) AS named_at
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
    known.name AS team,
    known.title AS title,
    known.parent AS parent,
    known.valid_from AS valid_from,
    -- Whatever came first; a team without the one ended by the other.
    least(coalesce(known.ended_at, known.became_at), coalesce(known.became_at, known.ended_at)) AS valid_to,
    known.assumed AS assumed,
    known.is_implied AS is_implied
FROM
(
    SELECT
        teams.*,
        if(gone.team != '' AND gone.gone_at >= teams.named_at, toNullable(gone.gone_at), NULL) AS became_at
    FROM
    (
        SELECT
            team AS name,
            title,
            parent,
            coalesce(created_at, toDateTime64('2000-01-01 00:00:00', 6, 'UTC')) AS valid_from,
            dissolved_at AS ended_at,
            named_at,
            isNull(created_at) AS assumed,
            0 AS is_implied
        FROM declared
        UNION ALL
        SELECT
            team AS name,
            NULL AS title,
            NULL AS parent,
            min(owned.valid_from) AS valid_from,
            if(countIf(isNull(owned.valid_to)) > 0, NULL, max(owned.valid_to)) AS ended_at,
            toDateTime64('2000-01-01 00:00:00', 6, 'UTC') AS named_at,
            max(owned.assumed) AS assumed,
            1 AS is_implied
        FROM catalog_ownership AS owned
        WHERE team != 'unknown' AND team NOT IN (SELECT team FROM declared)
        GROUP BY team
    ) AS teams
    LEFT JOIN gone ON gone.team = teams.name
) AS known;

-- question: Which counted use of platform services was there, as the teams are organised today?
-- grain: as adoption_use; every use is in it once, under one team of today
-- owner: platform-analytics
-- needs: adoption_calls, catalog_owners_today, catalog_lineage
CREATE OR REPLACE VIEW adoption_use_today ${on_cluster}
(
    service    String COMMENT 'Platform service that was used',
    consumer   String COMMENT 'Caller identity; empty when not given',
    team       String COMMENT 'Team of today that answers for it; unknown when nothing says it',
    team_then  String COMMENT 'Team at that time, see adoption_use',
    today_rule LowCardinality(String) COMMENT 'owner (of the caller or the service behind it, today), lineage (what became of the team), ambiguous (split, and nothing says to whom: unknown), or same',
    use        LowCardinality(String) COMMENT 'api, pipeline or deployment',
    day        Date COMMENT 'Day of it, in the tenant''s zone',
    active_min UInt32 COMMENT 'Uses in a period that make a user active',
    uses       UInt64 COMMENT 'ok requests, finished runs or successful deployments',
    first_at   DateTime64(6, 'UTC') COMMENT 'Earliest of them',
    last_at    DateTime64(6, 'UTC') COMMENT 'Latest of them'
)
AS
WITH
    by_lineage AS
    (
        SELECT
            used.service AS service, used.consumer AS consumer, used.caller AS caller, used.owner AS owner_then, used.team AS team_then,
            used.team_rule AS team_rule, used.use AS use, used.day AS day, used.active_min AS active_min, used.uses AS uses,
            assumeNotNull(used.first_ok_at) AS first_at, assumeNotNull(used.last_ok_at) AS last_at, heirs.teams AS heirs
        FROM adoption_calls AS used
        ASOF LEFT JOIN (SELECT team, valid_to, groupArray(today) AS teams FROM catalog_lineage GROUP BY team, valid_to) AS heirs
            ON used.team = heirs.team AND assumeNotNull(used.first_ok_at) < heirs.valid_to
        WHERE used.uses > 0
    )
SELECT
    used.service AS service,
    used.consumer AS consumer,
    multiIf(
        today_rule = 'owner', owner_today,
        today_rule = 'lineage', used.heirs[1],
        today_rule = 'ambiguous', 'unknown',
        used.team_then
    ) AS team,
    used.team_then AS team_then,
    multiIf(
        owner_today != '' AND (used.team_rule != 'record' OR owner_then = used.team_then OR (length(used.heirs) > 1 AND has(used.heirs, owner_today))),
        'owner',
        length(used.heirs) = 1, 'lineage',
        length(used.heirs) > 1, 'ambiguous',
        'same'
    ) AS today_rule,
    used.use AS use,
    used.day AS day,
    used.active_min AS active_min,
    used.uses AS uses,
    used.first_at AS first_at,
    used.last_at AS last_at
FROM
(
    SELECT
        by_lineage.*,
        multiIf(
            consumers.team NOT IN ('', 'unknown'), consumers.team,
            services.team NOT IN ('', 'unknown'), services.team,
            ''
        ) AS owner_today
    FROM by_lineage
    LEFT JOIN (SELECT name, team FROM catalog_owners_today WHERE entity = 'consumer') AS consumers ON consumers.name = by_lineage.consumer
    LEFT JOIN (SELECT name, team FROM catalog_owners_today WHERE entity = 'service') AS services ON services.name = by_lineage.caller
) AS used;

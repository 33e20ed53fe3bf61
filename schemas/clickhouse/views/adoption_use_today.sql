-- question: Which counted use of platform services was there, as the teams are organised today?
-- grain: as adoption_use; every use is in it once, under one team of today
-- owner: platform-analytics
-- needs: adoption_use, adoption_callers, catalog_ownership, catalog_owners_today, catalog_lineage
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
    named AS
    (
        SELECT
            used.service AS service, used.consumer AS consumer, used.team AS team_then, used.team_rule AS team_rule, used.use AS use,
            used.day AS day, used.active_min AS active_min, used.uses AS uses, used.first_at AS first_at, used.last_at AS last_at,
            if(used.use = 'api', callers.service, used.consumer) AS caller
        FROM adoption_use AS used
        LEFT JOIN adoption_callers AS callers ON callers.consumer = used.consumer
    ),
    -- Owner then, to tell a record that names the caller's team from one that names another (a shared caller).
    by_consumer AS
    (
        SELECT named.*, owners.team AS consumer_then
        FROM named
        ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'consumer') AS owners
            ON named.consumer = owners.name AND named.first_at >= owners.valid_from
    ),
    by_service AS
    (
        SELECT by_consumer.*, owners.team AS service_then
        FROM by_consumer
        ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
            ON by_consumer.caller = owners.name AND by_consumer.first_at >= owners.valid_from
    ),
    by_lineage AS
    (
        SELECT by_service.*, heirs.teams AS heirs
        FROM by_service
        ASOF LEFT JOIN (SELECT team, valid_to, groupArray(today) AS teams FROM catalog_lineage GROUP BY team, valid_to) AS heirs
            ON by_service.team_then = heirs.team AND by_service.first_at < heirs.valid_to
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
        if(by_lineage.consumer_then NOT IN ('', 'unknown'), by_lineage.consumer_then, by_lineage.service_then) AS owner_then,
        multiIf(
            consumers.team NOT IN ('', 'unknown'), consumers.team,
            services.team NOT IN ('', 'unknown'), services.team,
            ''
        ) AS owner_today
    FROM by_lineage
    LEFT JOIN (SELECT name, team FROM catalog_owners_today WHERE entity = 'consumer') AS consumers ON consumers.name = by_lineage.consumer
    LEFT JOIN (SELECT name, team FROM catalog_owners_today WHERE entity = 'service') AS services ON services.name = by_lineage.caller
) AS used;

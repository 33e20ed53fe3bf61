-- question: Which counted use of platform services was there, by caller and team?
-- grain: platform service x use x day x consumer x team; what a platform service is for decides which uses count: runs for capability ci, deployments for deployment, else ok requests without probes and health checks
-- owner: platform-analytics
-- needs: adoption_deliveries, gateway_hours, platform_services, catalog_consumers, catalog_ownership, service_aliases
CREATE OR REPLACE VIEW adoption_use ${on_cluster}
(
    service    String COMMENT 'Platform service that was used',
    consumer   String COMMENT 'Caller identity at the gateway; service that the run or deployment belongs to; empty when not known',
    team       String COMMENT 'Team of the caller at that time; unknown when nothing says it',
    team_rule  LowCardinality(String) COMMENT 'How the team was found: record, consumer, service or unknown',
    use        LowCardinality(String) COMMENT 'api (a call through the gateway), pipeline (a finished CI run) or deployment',
    day        Date COMMENT 'Day of it, in the tenant''s zone',
    active_min UInt32 COMMENT 'Uses in a period that make a user active',
    uses       UInt64 COMMENT 'ok requests, finished runs or successful deployments',
    first_at   DateTime64(6, 'UTC') COMMENT 'Earliest of them',
    last_at    DateTime64(6, 'UTC') COMMENT 'Latest of them'
)
AS
WITH
    counted AS
    (
        SELECT
            hours.service AS service,
            toString(hours.consumer) AS consumer,
            toString(hours.named_team) AS named_team,
            sum(hours.requests) AS uses,
            min(hours.first_at) AS first_at,
            max(hours.last_at) AS last_at
        FROM gateway_hours AS hours
        WHERE hours.outcome = 'ok'
            AND hours.is_synthetic = 0
            AND hours.service IN (SELECT service FROM platform_services WHERE coalesce(capability, '') NOT IN ('ci', 'deployment'))
            AND hours.consumer NOT IN (SELECT consumer FROM catalog_consumers WHERE is_synthetic = 1)
        -- Ownership changes at the tenant's midnight, so the owner of a day's first request is the day's.
        GROUP BY service, consumer, named_team, toDate(hours.first_at, ${zone})
    ),
    -- The service behind a caller: the catalog says it, or the caller's name is a service's (a mesh workload).
    called AS
    (
        SELECT
            counted.service AS service,
            counted.consumer AS consumer,
            counted.named_team AS named_team,
            counted.uses AS uses,
            counted.first_at AS first_at,
            counted.last_at AS last_at,
            coalesce(nullIf(callers.service, ''), nullIf(names.service, ''), '') AS caller
        FROM counted
        LEFT JOIN catalog_consumers AS callers ON callers.consumer = counted.consumer
        LEFT JOIN service_aliases AS names ON names.alias = counted.consumer
    ),
    by_consumer AS
    (
        SELECT called.*, owners.team AS consumer_team
        FROM called
        ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'consumer') AS owners
            ON called.consumer = owners.name AND called.first_at >= owners.valid_from
    ),
    by_service AS
    (
        SELECT by_consumer.*, owners.team AS service_team
        FROM by_consumer
        ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
            ON by_consumer.caller = owners.name AND by_consumer.first_at >= owners.valid_from
    )
SELECT
    service,
    consumer,
    multiIf(
        named_team != '', named_team,
        coalesce(consumer_team, '') NOT IN ('', 'unknown'), consumer_team,
        coalesce(service_team, '') NOT IN ('', 'unknown'), service_team,
        'unknown'
    ) AS team,
    multiIf(
        named_team != '', 'record',
        coalesce(consumer_team, '') NOT IN ('', 'unknown'), 'consumer',
        coalesce(service_team, '') NOT IN ('', 'unknown'), 'service',
        'unknown'
    ) AS team_rule,
    'api' AS use,
    toDate(first_at, ${zone}) AS day,
    platform_services.active_min AS active_min,
    uses,
    first_at,
    last_at
FROM by_service
INNER JOIN platform_services ON platform_services.service = by_service.service
UNION ALL
SELECT
    deliveries.service AS service,
    deliveries.consumer AS consumer,
    deliveries.team AS team,
    if(team = 'unknown', 'unknown', 'service') AS team_rule,
    deliveries.use AS use,
    toDate(deliveries.at, ${zone}) AS day,
    any(platform_services.active_min) AS active_min,
    count() AS uses,
    min(deliveries.at) AS first_at,
    max(deliveries.at) AS last_at
FROM adoption_deliveries AS deliveries
INNER JOIN platform_services ON platform_services.service = deliveries.service
GROUP BY service, consumer, team, use, day;

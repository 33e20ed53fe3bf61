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
    -- Ownership changes at the tenant's midnight, so the owner of a day's first use is the day's.
    counted AS
    (
        SELECT
            hours.service AS service,
            'api' AS use,
            toString(hours.consumer) AS consumer,
            toString(hours.named_team) AS named_team,
            toDate(hours.first_at, ${zone}) AS day,
            any(platform.active_min) AS active_min,
            sum(hours.requests) AS uses,
            min(hours.first_at) AS first_at,
            max(hours.last_at) AS last_at
        FROM gateway_hours AS hours
        INNER JOIN platform_services AS platform ON platform.service = hours.service
        WHERE hours.outcome = 'ok' AND hours.is_synthetic = 0 AND coalesce(platform.capability, '') NOT IN ('ci', 'deployment')
        GROUP BY service, consumer, named_team, day
        UNION ALL
        SELECT
            made.service, made.use, made.consumer, '' AS named_team, toDate(made.at, ${zone}) AS day,
            any(made.active_min), count(), min(made.at), max(made.at)
        FROM adoption_deliveries AS made
        GROUP BY made.service, made.use, made.consumer, day
    ),
    -- The service behind a caller: the catalog says it, or the caller's name is a service's (a mesh workload).
    called AS
    (
        SELECT
            counted.service AS service, counted.use AS use, counted.consumer AS consumer, counted.named_team AS named_team,
            counted.day AS day, counted.active_min AS active_min, counted.uses AS uses, counted.first_at AS first_at,
            counted.last_at AS last_at,
            multiIf(
                counted.use != 'api', counted.consumer, callers.service != '', callers.service, names.service
            ) AS caller,
            if(counted.use = 'api', counted.consumer, '') AS identity
        FROM counted
        LEFT JOIN catalog_consumers AS callers ON callers.consumer = counted.consumer
        LEFT JOIN service_aliases AS names ON names.alias = counted.consumer
        WHERE NOT (counted.use = 'api' AND callers.is_synthetic = 1)
    )
SELECT
    service,
    consumer,
    multiIf(named_team != '', named_team, owners[1] != '', owners[1], owners[2] != '', owners[2], 'unknown') AS team,
    multiIf(named_team != '', 'record', owners[1] != '', 'consumer', owners[2] != '', 'service', 'unknown') AS team_rule,
    use,
    day,
    active_min,
    uses,
    first_at,
    last_at
FROM
(
    -- Both possible owners, of the caller identity and of the service behind it, by one join.
    SELECT
        asked.service AS service, asked.use AS use, asked.consumer AS consumer, asked.named_team AS named_team, asked.day AS day,
        any(asked.active_min) AS active_min, any(asked.uses) AS uses, any(asked.first_at) AS first_at, any(asked.last_at) AS last_at,
        [
            anyIf(owners.team, asked.entity = 'consumer' AND owners.team != 'unknown'),
            anyIf(owners.team, asked.entity = 'service' AND owners.team != 'unknown')
        ] AS owners
    FROM
    (
        SELECT *, asked.1 AS entity, asked.2 AS name
        FROM called
        ARRAY JOIN [('consumer', identity), ('service', caller)] AS asked
    ) AS asked
    ASOF LEFT JOIN (SELECT entity, name, team, valid_from FROM catalog_ownership) AS owners
        ON asked.entity = owners.entity AND asked.name = owners.name AND asked.first_at >= owners.valid_from
    GROUP BY service, use, consumer, named_team, day
);

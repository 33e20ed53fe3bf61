-- question: Which calls of platform services were there, of any outcome, by caller and team?
-- grain: platform service x use x day x caller x team; no probes and health checks; a run or deployment that counts is a successful call
-- owner: platform-analytics
-- needs: gateway_hours, adoption_deliveries, platform_services, catalog_consumers, catalog_ownership, adoption_callers
CREATE OR REPLACE VIEW adoption_calls ${on_cluster}
(
    service     String COMMENT 'Platform service that was called',
    consumer    String COMMENT 'Caller identity at the gateway; service that the run or deployment belongs to; empty when not known',
    caller      String COMMENT 'Service behind it; empty when not known',
    owner       String COMMENT 'Owner of the caller at that time, else of the service behind it, whatever the record says; empty or unknown when nothing says it',
    team        String COMMENT 'Team of the caller at that time; unknown when nothing says it',
    team_rule   LowCardinality(String) COMMENT 'How the team was found: record, consumer, service or unknown',
    use         LowCardinality(String) COMMENT 'api (a call through the gateway), pipeline (a finished CI run) or deployment',
    day         Date COMMENT 'Day of the calls, in the tenant''s zone',
    active_min  UInt32 COMMENT 'Uses in a period that make a user active',
    requests    UInt64 COMMENT 'Requests of any outcome; counted runs or deployments',
    uses        UInt64 COMMENT 'Those that succeeded; counted runs or deployments',
    first_at    DateTime64(6, 'UTC') COMMENT 'Earliest request',
    first_ok_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Earliest that succeeded; NULL when none did',
    last_ok_at  Nullable(DateTime64(6, 'UTC')) COMMENT 'Latest that succeeded; NULL when none did'
)
AS
WITH
    -- Ownership changes at the tenant's midnight, so the owner of a day's first call is the day's.
    counted AS
    (
        SELECT
            hours.service AS service,
            'api' AS use,
            toString(hours.consumer) AS consumer,
            toString(hours.named_team) AS named_team,
            toDate(hours.first_at, ${zone}) AS day,
            any(platform.active_min) AS active_min,
            sum(hours.requests) AS requests,
            sumIf(hours.requests, hours.outcome = 'ok') AS uses,
            min(hours.first_at) AS first_at,
            minOrNullIf(hours.first_at, hours.outcome = 'ok') AS first_ok_at,
            maxOrNullIf(hours.last_at, hours.outcome = 'ok') AS last_ok_at
        FROM gateway_hours AS hours
        INNER JOIN platform_services AS platform ON platform.service = hours.service
        WHERE hours.is_synthetic = 0
            AND coalesce(platform.capability, '') NOT IN ('ci', 'deployment')
            AND hours.consumer NOT IN (SELECT consumer FROM catalog_consumers WHERE is_synthetic = 1)
        GROUP BY service, consumer, named_team, day
        UNION ALL
        SELECT
            made.service, made.use, made.consumer, '' AS named_team, toDate(made.at, ${zone}) AS day,
            any(made.active_min), count(), count(), min(made.at), toNullable(min(made.at)), toNullable(max(made.at))
        FROM adoption_deliveries AS made
        GROUP BY made.service, made.use, made.consumer, day
    ),
    called AS
    (
        SELECT
            counted.*,
            if(counted.use = 'api', counted.consumer, '') AS identity,
            if(counted.use = 'api', callers.service, counted.consumer) AS caller
        FROM counted
        LEFT JOIN adoption_callers AS callers ON callers.consumer = counted.consumer
    ),
    -- Both possible owners, of the caller identity and of the service behind it, by one join.
    owned AS
    (
        SELECT
            asked.service AS service, asked.use AS use, asked.consumer AS consumer, asked.named_team AS named_team, asked.day AS day,
            any(asked.caller) AS caller,
            any(asked.active_min) AS active_min,
            any(asked.requests) AS requests,
            any(asked.uses) AS uses,
            any(asked.first_at) AS first_at,
            any(asked.first_ok_at) AS first_ok_at,
            any(asked.last_ok_at) AS last_ok_at,
            anyIf(owners.team, asked.entity = 'consumer') AS consumer_team,
            anyIf(owners.team, asked.entity = 'service') AS service_team
        FROM
        (
            SELECT *, asked.1 AS entity, asked.2 AS name
            FROM called
            ARRAY JOIN [('consumer', identity), ('service', caller)] AS asked
        ) AS asked
        ASOF LEFT JOIN (SELECT entity, name, team, valid_from FROM catalog_ownership) AS owners
            ON asked.entity = owners.entity AND asked.name = owners.name AND asked.first_at >= owners.valid_from
        GROUP BY service, use, consumer, named_team, day
    )
SELECT
    service,
    consumer,
    caller,
    if(consumer_team NOT IN ('', 'unknown'), consumer_team, service_team) AS owner,
    multiIf(named_team != '', named_team, owner != '', owner, 'unknown') AS team,
    multiIf(
        named_team != '', 'record',
        consumer_team NOT IN ('', 'unknown'), 'consumer',
        service_team NOT IN ('', 'unknown'), 'service',
        'unknown'
    ) AS team_rule,
    use,
    day,
    active_min,
    requests,
    uses,
    first_at,
    first_ok_at,
    last_ok_at
FROM owned;

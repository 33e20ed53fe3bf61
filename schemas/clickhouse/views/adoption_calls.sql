-- question: Which calls of platform services were there, of any outcome, by caller and team?
-- grain: platform service x day x caller x team; no probes and health checks
-- owner: platform-analytics
-- needs: gateway_hours, platform_services, catalog_consumers, catalog_ownership, adoption_callers
CREATE OR REPLACE VIEW adoption_calls ${on_cluster}
(
    service     String COMMENT 'Platform service that was called',
    consumer    String COMMENT 'Caller identity; empty when not given',
    caller      String COMMENT 'Service behind it; empty when not known',
    team        String COMMENT 'Team of the caller at that time; unknown when nothing says it',
    day         Date COMMENT 'Day of the calls, in the tenant''s zone',
    active_min  UInt32 COMMENT 'ok requests in a period that make a user active',
    requests    UInt64 COMMENT 'Requests of any outcome',
    ok_requests UInt64 COMMENT 'Those that succeeded',
    first_at    DateTime64(6, 'UTC') COMMENT 'Earliest request',
    first_ok_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Earliest that succeeded; NULL when none did'
)
AS
WITH
    counted AS
    (
        SELECT
            hours.service AS service,
            toString(hours.consumer) AS consumer,
            toString(hours.named_team) AS named_team,
            sum(hours.requests) AS requests,
            sumIf(hours.requests, hours.outcome = 'ok') AS ok_requests,
            min(hours.first_at) AS first_at,
            minOrNullIf(hours.first_at, hours.outcome = 'ok') AS first_ok_at
        FROM gateway_hours AS hours
        WHERE hours.is_synthetic = 0
            AND hours.service IN (SELECT service FROM platform_services WHERE coalesce(capability, '') NOT IN ('ci', 'deployment'))
            AND hours.consumer NOT IN (SELECT consumer FROM catalog_consumers WHERE is_synthetic = 1)
        -- Ownership changes at the tenant's midnight, so the owner of a day's first request is the day's.
        GROUP BY service, consumer, named_team, toDate(hours.first_at, ${zone})
    ),
    called AS
    (
        SELECT counted.*, callers.service AS caller
        FROM counted
        LEFT JOIN adoption_callers AS callers ON callers.consumer = counted.consumer
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
    caller,
    multiIf(
        named_team != '', named_team,
        consumer_team NOT IN ('', 'unknown'), consumer_team,
        service_team NOT IN ('', 'unknown'), service_team,
        'unknown'
    ) AS team,
    toDate(first_at, ${zone}) AS day,
    platform_services.active_min AS active_min,
    requests,
    ok_requests,
    first_at,
    first_ok_at
FROM by_service
INNER JOIN platform_services ON platform_services.service = by_service.service;

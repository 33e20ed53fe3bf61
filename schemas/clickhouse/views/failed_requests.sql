-- question: Whose requests failed, when?
-- grain: service x minute x route x caller x team the record named; errors only
-- owner: platform-analytics
-- needs: gateway_minutes, adoption_callers, catalog_ownership
CREATE OR REPLACE VIEW failed_requests ${on_cluster}
(
    service   String COMMENT 'Service that failed',
    hour      DateTime('UTC') COMMENT 'Start of the hour, UTC: narrow this one to read less',
    minute    DateTime('UTC') COMMENT 'Start of the minute, UTC',
    day       Date COMMENT 'Its day, in the tenant''s zone',
    route     String COMMENT 'Route template',
    consumer  String COMMENT 'Caller identity; empty when not given',
    team      String COMMENT 'Team of the caller at that time; unknown when nothing says it',
    team_rule LowCardinality(String) COMMENT 'How the team was found: record, consumer, service or unknown',
    failed    UInt64 COMMENT 'Requests that ended in an error (5xx, time-out, connection failure); those of probes too'
)
AS
WITH
    failed AS
    (
        SELECT
            minutes.service AS service,
            minutes.hour AS hour,
            minutes.minute AS minute,
            minutes.day AS day,
            toString(minutes.route) AS route,
            toString(minutes.consumer) AS consumer,
            toString(minutes.named_team) AS named_team,
            toDateTime64(minutes.minute, 6, 'UTC') AS at,
            sum(minutes.requests) AS requests
        FROM gateway_minutes AS minutes
        WHERE outcome = 'error' AND is_nonprod = 0
        GROUP BY service, hour, minute, day, route, consumer, named_team
    ),
    called AS
    (
        SELECT failed.*, callers.service AS caller
        FROM failed
        LEFT JOIN adoption_callers AS callers ON callers.consumer = failed.consumer
    ),
    by_consumer AS
    (
        SELECT called.*, coalesce(owners.team, '') AS consumer_team
        FROM called
        ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'consumer') AS owners
            ON called.consumer = owners.name AND called.at >= owners.valid_from
    ),
    by_service AS
    (
        SELECT by_consumer.*, coalesce(owners.team, '') AS service_team
        FROM by_consumer
        ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
            ON by_consumer.caller = owners.name AND by_consumer.at >= owners.valid_from
    )
SELECT
    by_service.service AS service,
    by_service.hour AS hour,
    by_service.minute AS minute,
    by_service.day AS day,
    by_service.route AS route,
    by_service.consumer AS consumer,
    multiIf(
        named_team != '', named_team,
        consumer_team NOT IN ('', 'unknown'), consumer_team,
        service_team NOT IN ('', 'unknown'), service_team,
        'unknown'
    ) AS team,
    multiIf(
        named_team != '', 'record',
        consumer_team NOT IN ('', 'unknown'), 'consumer',
        service_team NOT IN ('', 'unknown'), 'service',
        'unknown'
    ) AS team_rule,
    by_service.requests AS failed
FROM by_service;

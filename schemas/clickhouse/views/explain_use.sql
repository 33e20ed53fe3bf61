-- question: Which traffic, runs and deployments make the counted use of a platform service, and which do not count, and why?
-- grain: hour x caller x team as named x outcome of traffic; run; deployment. Parameters service, from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: adoption_deliveries, adoption_use, catalog_consumers, gateway_hours, platform_services
CREATE OR REPLACE VIEW explain_use ${on_cluster}
(
    service   String COMMENT 'Platform service, by its catalog name',
    counted   UInt8 COMMENT '1 when it is counted use',
    reason    LowCardinality(String) COMMENT 'Why it is not: not_a_platform_service, counted_by_runs, counted_by_deployments, synthetic, synthetic_consumer, client_error, error, limited',
    use       LowCardinality(String) COMMENT 'api, pipeline or deployment',
    day       Date COMMENT 'Its day, in the tenant''s zone',
    hour      DateTime('UTC') COMMENT 'Start of the hour, UTC',
    consumer  String COMMENT 'Caller identity; of a run or deployment the service that it belongs to; empty when not given',
    team      String COMMENT 'Team that it is counted for; empty when it does not count',
    team_rule LowCardinality(String) COMMENT 'How the team was found: record, consumer, service or unknown',
    id        String COMMENT 'Provider''s id of the run or deployment; empty of traffic, whose units are in explain_units',
    uses      UInt64 COMMENT 'Requests; 1 for a run or deployment',
    first_at  DateTime64(6, 'UTC') COMMENT 'Earliest of them',
    last_at   DateTime64(6, 'UTC') COMMENT 'Latest of them'
)
AS
SELECT
    made.service AS service,
    made.reason = '' AS counted,
    made.reason AS reason,
    made.use AS use,
    made.day AS day,
    made.hour AS hour,
    made.consumer AS consumer,
    multiIf(made.reason != '', '', made.named_team != '', made.named_team, found.team) AS team,
    multiIf(made.reason != '', '', made.named_team != '', 'record', found.team_rule) AS team_rule,
    made.id AS id,
    made.uses AS uses,
    made.first_at AS first_at,
    made.last_at AS last_at
FROM
(
    SELECT
        hours.service AS service,
        multiIf(
            {service:String} NOT IN (SELECT platform_services.service FROM platform_services), 'not_a_platform_service',
            {service:String} IN (SELECT platform_services.service FROM platform_services WHERE capability = 'ci'), 'counted_by_runs',
            {service:String} IN (SELECT platform_services.service FROM platform_services WHERE capability = 'deployment'), 'counted_by_deployments',
            hours.is_synthetic = 1, 'synthetic',
            hours.consumer IN (SELECT catalog_consumers.consumer FROM catalog_consumers WHERE catalog_consumers.is_synthetic = 1), 'synthetic_consumer',
            hours.outcome != 'ok', toString(hours.outcome),
            ''
        ) AS reason,
        'api' AS use,
        toDate(hours.first_at, ${zone}) AS day,
        hours.hour AS hour,
        toString(hours.consumer) AS consumer,
        toString(hours.named_team) AS named_team,
        '' AS id,
        sum(hours.requests) AS uses,
        min(hours.first_at) AS first_at,
        max(hours.last_at) AS last_at
    FROM gateway_hours AS hours
    WHERE hours.service = {service:String} AND toDate(hours.first_at, ${zone}) >= {from:Date} AND toDate(hours.first_at, ${zone}) < {to:Date}
    GROUP BY service, reason, day, hour, consumer, named_team
    UNION ALL
    SELECT
        deliveries.service, '' AS reason, toString(deliveries.use) AS use, toDate(deliveries.at, ${zone}) AS day,
        toStartOfHour(toDateTime(deliveries.at, 'UTC')) AS hour, deliveries.consumer AS consumer, '' AS named_team, deliveries.id AS id, 1 AS uses,
        deliveries.at AS first_at, deliveries.at AS last_at
    FROM adoption_deliveries AS deliveries
    WHERE deliveries.service = {service:String} AND toDate(deliveries.at, ${zone}) >= {from:Date} AND toDate(deliveries.at, ${zone}) < {to:Date}
) AS made
LEFT JOIN
(
    -- Whose use it is where the record does not name the team: one answer a day, as ownership changes at midnight.
    SELECT toString(used.use) AS use, used.consumer AS consumer, used.day AS day, any(used.team) AS team, any(used.team_rule) AS team_rule
    FROM adoption_use AS used
    WHERE used.service = {service:String} AND used.team_rule != 'record'
    GROUP BY use, consumer, day
) AS found ON found.use = made.use AND found.consumer = made.consumer AND found.day = made.day;

-- question: Which traffic, runs and deployments make the counted use of a platform service, and which do not count, and why?
-- grain: hour x caller x team as named x outcome of traffic; run; deployment. Parameters service, from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: as_of, facts_slices, adoption_callers, catalog_consumers, catalog_ownership, ci_runs, gateway_hours, platform_services, service_aliases
-- Events are (source, event) of the archive, table delivery_events; of traffic they are the units of explain_units.
CREATE OR REPLACE VIEW explain_use ${on_cluster}
(
    service   String COMMENT 'Platform service, by its catalog name',
    counted   UInt8 COMMENT '1 when it is counted use',
    reason    LowCardinality(String) COMMENT 'Why it is not: not_a_platform_service, counted_by_runs, counted_by_deployments, synthetic, synthetic_consumer, client_error, error, limited; of runs and deployments re_run (the same use), skipped, failed, in_progress',
    use       LowCardinality(String) COMMENT 'api, pipeline or deployment',
    day       Date COMMENT 'Its day, in the tenant''s zone',
    hour      DateTime('UTC') COMMENT 'Start of the hour, UTC',
    consumer  String COMMENT 'Caller identity; of a run or deployment the service that it belongs to; empty when not given',
    team      String COMMENT 'Team that it is counted for, or would be; unknown when nothing says it',
    team_rule LowCardinality(String) COMMENT 'How the team was found: record, consumer, service or unknown',
    id        String COMMENT 'Provider''s id of the run or deployment; empty of traffic',
    source    String COMMENT 'Event that ended the run or deployment: source; empty of traffic, whose units are in explain_units',
    event     String COMMENT 'Event: id',
    uses      UInt64 COMMENT 'Requests; 1 for a run or deployment',
    first_at  DateTime64(6, 'UTC') COMMENT 'Earliest of them',
    last_at   DateTime64(6, 'UTC') COMMENT 'Latest of them'
)
AS
WITH
    -- How often the catalog says that it is a platform service, and what for.
    (SELECT (count(), any(coalesce(capability, ''))) FROM platform_services WHERE platform_services.service = {service:String}) AS platform,
    names AS (SELECT {service:String} AS name UNION ALL SELECT alias FROM service_aliases WHERE service_aliases.service = {service:String}),
    -- What runs and deployments go through it by; of two claims to one name the smaller service stands.
    (
        SELECT groupArray(name)
        FROM
        (
            SELECT name, min(known.service) AS whose
            FROM platform_services AS known
            ARRAY JOIN arrayPushFront(aliases, known.service) AS name
            WHERE capability = platform.2
            GROUP BY name
        )
        WHERE whose = {service:String}
    ) AS ways,
    made AS
    (
        SELECT
            multiIf(
                platform.1 = 0, 'not_a_platform_service',
                platform.2 = 'ci', 'counted_by_runs',
                platform.2 = 'deployment', 'counted_by_deployments',
                hours.is_synthetic = 1, 'synthetic',
                hours.consumer IN (SELECT catalog_consumers.consumer FROM catalog_consumers WHERE catalog_consumers.is_synthetic = 1), 'synthetic_consumer',
                hours.outcome != 'ok', toString(hours.outcome),
                ''
            ) AS reason,
            'api' AS use,
            hours.hour AS hour,
            toString(hours.consumer) AS consumer,
            toString(hours.named_team) AS named_team,
            '' AS id, '' AS source, '' AS event,
            sum(hours.requests) AS uses,
            min(hours.first_at) AS first_at,
            max(hours.last_at) AS last_at
        FROM gateway_hours AS hours
        WHERE hours.service = {service:String} AND hours.gateway_service IN (SELECT name FROM names)
            AND toDate(hours.first_at, ${zone}) >= {from:Date} AND toDate(hours.first_at, ${zone}) < {to:Date}
            -- The same once more as what the table is sorted by.
            AND hours.hour > toDateTime({from:Date}, ${zone}) - INTERVAL 1 HOUR AND hours.hour < toDateTime({to:Date}, ${zone})
        GROUP BY reason, toDate(hours.first_at, ${zone}), hour, consumer, named_team
        UNION ALL
        SELECT
            if(state = '' AND place > 1, 're_run', state) AS reason, 'pipeline' AS use, toStartOfHour(toDateTime(at, 'UTC')) AS hour, consumer, '' AS named_team,
            id, source, event, 1 AS uses, at AS first_at, at AS last_at
        FROM
        (
            SELECT
                service AS consumer, run_id AS id, source, event, ci_runs.at AS at,
                multiIf(outcome = '', 'in_progress', outcome = 'skipped', 'skipped', '') AS state,
                row_number() OVER (PARTITION BY service, source, run_id, state ORDER BY ci_runs.at, attempt) AS place
            FROM ci_runs
            WHERE platform.2 = 'ci' AND hasAny(ways, [toString(template), toString(system), toString(provider)])
        )
        WHERE toDate(at, ${zone}) >= {from:Date} AND toDate(at, ${zone}) < {to:Date}
        UNION ALL
        SELECT
            if(attempts.status = 'success', '', if(attempts.status = 'failure', 'failed', 'in_progress')) AS reason, 'deployment' AS use,
            toStartOfHour(toDateTime(attempts.at, 'UTC')) AS hour, attempts.service AS consumer, '' AS named_team, attempts.deployment_id AS id,
            archived.told.1 AS source, archived.told.2 AS event, 1 AS uses, attempts.at AS first_at, attempts.at AS last_at
        FROM
        (
            SELECT service, deployment_id, environment, status, at
            FROM facts_attempts FINAL
            WHERE platform.2 = 'deployment' AND (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)
                AND hasAny(ways, [toString(deployer), toString(provider)]) AND at <= (SELECT at FROM as_of)
                AND toDate(at, ${zone}) >= {from:Date} AND toDate(at, ${zone}) < {to:Date}
        ) AS attempts
        LEFT JOIN
        (
            -- The status that decided: of this deployment, at that instant.
            SELECT JSONExtractString(data, 'deployment_id') AS deployment_id, JSONExtractString(data, 'environment') AS environment, time, min((source, id)) AS told
            FROM
            (
                SELECT source, id, time, data
                FROM delivery_events FINAL
                WHERE platform.2 = 'deployment' AND kind = 'deployment' AND toDate(time, ${zone}) >= {from:Date} AND toDate(time, ${zone}) < {to:Date}
                ORDER BY version DESC
                LIMIT 1 BY source, id
            )
            GROUP BY deployment_id, environment, time
        ) AS archived
            ON archived.deployment_id = attempts.deployment_id AND archived.environment = attempts.environment AND archived.time = attempts.at
    ),
    -- Whose use it is, or would be: as in adoption_calls.
    called AS
    (
        SELECT made.*, if(made.use = 'api', made.consumer, '') AS identity, if(made.use = 'api', callers.service, made.consumer) AS caller
        FROM made
        LEFT JOIN adoption_callers AS callers ON callers.consumer = made.consumer
    ),
    by_consumer AS
    (
        SELECT called.*, coalesce(owners.team, '') AS consumer_team
        FROM called
        ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'consumer') AS owners
            ON called.identity = owners.name AND called.first_at >= owners.valid_from
    ),
    by_service AS
    (
        SELECT by_consumer.*, coalesce(owners.team, '') AS service_team
        FROM by_consumer
        ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
            ON by_consumer.caller = owners.name AND by_consumer.first_at >= owners.valid_from
    )
SELECT
    {service:String} AS service,
    toUInt8(reason = '') AS counted,
    reason,
    use,
    toDate(first_at, ${zone}) AS day,
    hour,
    consumer,
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
    id,
    source,
    event,
    uses,
    first_at,
    last_at
FROM by_service;

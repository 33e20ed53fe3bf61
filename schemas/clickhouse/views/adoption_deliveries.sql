-- question: Which pipeline runs and deployments went through a platform service?
-- grain: platform service x consumer x run (its re-runs are the same use) or deployment (service, environment, deployment id)
-- owner: platform-analytics
-- needs: as_of, facts_slices, platform_services
CREATE OR REPLACE VIEW adoption_deliveries ${on_cluster}
(
    service    String COMMENT 'Platform service with capability ci or deployment; named by the template, CI system, deployer or provider',
    use        LowCardinality(String) COMMENT 'pipeline (a finished CI run; skipped ones did not run) or deployment (a successful one, to any environment)',
    active_min UInt32 COMMENT 'Uses in a period that make a user active',
    consumer   String COMMENT 'Service that the run or deployment belongs to; empty when it belongs to none',
    id         String COMMENT 'Provider''s id of the run or deployment',
    at         DateTime64(6, 'UTC') COMMENT 'First end of the run, first success of the deployment'
)
AS
SELECT
    names.service AS service,
    made.use AS use,
    any(names.active_min) AS active_min,
    made.service AS consumer,
    made.id AS id,
    min(made.at) AS at
FROM
(
    SELECT
        'ci' AS capability, 'pipeline' AS use, service, source, run_id AS id, '' AS environment,
        assumeNotNull(finished_at) AS at, arrayJoin([template, system, provider]) AS via
    FROM facts_ci_runs FINAL
    WHERE (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)
        AND isNotNull(finished_at) AND outcome != 'skipped'
    UNION ALL
    SELECT
        'deployment', 'deployment', service, '', deployment_id, environment, at, arrayJoin([deployer, provider])
    FROM facts_attempts FINAL
    WHERE (service, month, digest) IN (SELECT service, month, digest FROM facts_slices) AND status = 'success'
) AS made
INNER JOIN
(
    -- Of two claims to one name the smaller service stands.
    SELECT capability, name, min(platform.service) AS service, argMin(platform.active_min, platform.service) AS active_min
    FROM platform_services AS platform
    ARRAY JOIN arrayPushFront(aliases, platform.service) AS name
    GROUP BY capability, name
) AS names ON names.capability = made.capability AND names.name = made.via
WHERE made.at <= (SELECT at FROM as_of)
GROUP BY names.service, made.use, made.service, made.source, made.id, made.environment;

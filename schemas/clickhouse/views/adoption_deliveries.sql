-- question: Which pipeline runs and deployments went through a platform service?
-- grain: platform service x consumer x run (its re-runs are the same use) or deployment (service, environment, deployment id)
-- owner: platform-analytics
-- needs: attempts, ci_runs, evidence, platform_services
CREATE OR REPLACE VIEW adoption_deliveries ${on_cluster}
(
    service  String COMMENT 'Platform service with capability ci or deployment; named by the template, CI system, deployer or provider',
    use      LowCardinality(String) COMMENT 'pipeline (a finished CI run; skipped ones did not run) or deployment (a successful one, to any environment)',
    consumer String COMMENT 'Service that the run or deployment belongs to; empty when it belongs to none',
    team     String COMMENT 'Team that owned it then; unknown when the catalog does not say',
    id       String COMMENT 'Provider''s id of the run or deployment',
    at       DateTime64(6, 'UTC') COMMENT 'First end of the run, first success of the deployment'
)
AS
WITH
    -- Of two claims to one name the smaller service stands.
    names AS
    (
        SELECT capability, name, min(platform.service) AS service
        FROM platform_services AS platform
        ARRAY JOIN arrayPushFront(aliases, platform.service) AS name
        GROUP BY capability, name
    ),
    -- Facts do not carry who deployed: the archive does. Of contradicting values the earliest stands.
    deployers AS
    (
        SELECT
            belonging.service AS service,
            said.deployment_id AS deployment_id,
            argMinIf(said.deployer, (said.time, said.id), said.deployer != '') AS deployer,
            argMin(said.provider, (said.time, said.id)) AS provider
        FROM (SELECT service, source, event FROM evidence WHERE kind = 'deployment') AS belonging
        INNER JOIN
        (
            SELECT
                source,
                id,
                time,
                JSONExtractString(data, 'deployment_id') AS deployment_id,
                JSONExtractString(data, 'deployer') AS deployer,
                JSONExtractString(data, 'provider') AS provider
            FROM
            (
                SELECT source, id, time, data
                FROM delivery_events FINAL
                WHERE kind = 'deployment'
                ORDER BY version DESC
                LIMIT 1 BY source, id
            )
        ) AS said ON said.source = belonging.source AND said.id = belonging.event
        GROUP BY service, deployment_id
    )
SELECT
    names.service AS service,
    'pipeline' AS use,
    runs.service AS consumer,
    argMin(runs.team, (runs.at, runs.attempt)) AS team,
    runs.run_id AS id,
    min(runs.at) AS at
FROM
(
    SELECT service, team, source, run_id, attempt, at, arrayJoin([template, system, provider]) AS via
    FROM ci_runs
    WHERE isNotNull(finished_at) AND outcome != 'skipped'
) AS runs
INNER JOIN (SELECT name, service FROM names WHERE capability = 'ci') AS names ON names.name = runs.via
GROUP BY names.service, runs.service, runs.source, runs.run_id
UNION ALL
SELECT DISTINCT
    names.service AS service,
    'deployment' AS use,
    made.service AS consumer,
    made.team AS team,
    made.deployment_id AS id,
    made.at AS at
FROM
(
    SELECT
        attempts.service AS service,
        attempts.team AS team,
        attempts.environment AS environment,
        attempts.deployment_id AS deployment_id,
        attempts.at AS at,
        arrayJoin([deployers.deployer, deployers.provider]) AS via
    FROM attempts
    INNER JOIN deployers ON deployers.service = attempts.service AND deployers.deployment_id = attempts.deployment_id
    WHERE attempts.status = 'success'
) AS made
INNER JOIN (SELECT name, service FROM names WHERE capability = 'deployment') AS names ON names.name = made.via;

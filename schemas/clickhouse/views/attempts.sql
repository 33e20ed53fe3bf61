-- question: Which deployments were attempted, to which environment, and how did each end?
-- grain: service x environment x deployment id
-- owner: platform-analytics
-- needs: as_of, facts_slices, catalog_ownership
CREATE OR REPLACE VIEW attempts ${on_cluster}
(
    service        String COMMENT 'Service',
    team           String COMMENT 'Team that owned the service then; unknown when the catalog does not say',
    deployment_id  String COMMENT 'Provider''s id',
    environment    String COMMENT 'Environment as sent; empty when not given',
    tier           LowCardinality(String) COMMENT 'production, nonprod or unknown',
    tier_rule      LowCardinality(String) COMMENT 'How the tier was found',
    region         String COMMENT 'Region; empty when not given',
    release        String COMMENT 'Release that this attempt is part of; empty outside production',
    version        String COMMENT 'Deployed version; empty when not given',
    commit         String COMMENT 'Deployed commit; empty when not given',
    status         LowCardinality(String) COMMENT 'success, failure or open (no terminal status yet)',
    started_at     Nullable(DateTime64(6, 'UTC')) COMMENT 'First known start',
    finished_at    Nullable(DateTime64(6, 'UTC')) COMMENT 'First success',
    failed_at      Nullable(DateTime64(6, 'UTC')) COMMENT 'First terminal failure, only of an attempt without success',
    is_rollback    UInt8 COMMENT '1 when it restored an earlier version',
    rolled_back_by String COMMENT 'Deployment that rolled it back; empty when none did',
    rolled_back_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was rolled back; NULL when it was not',
    at             DateTime64(6, 'UTC') COMMENT 'First success, else first terminal failure, else first status'
)
AS
SELECT
    fact.service AS service,
    coalesce(nullIf(owner.team, ''), 'unknown') AS team,
    fact.deployment_id AS deployment_id,
    fact.environment AS environment,
    fact.tier AS tier,
    fact.tier_rule AS tier_rule,
    fact.region AS region,
    fact.release AS release,
    fact.version AS version,
    fact.commit AS commit,
    fact.status AS status,
    fact.started_at AS started_at,
    fact.finished_at AS finished_at,
    fact.failed_at AS failed_at,
    fact.is_rollback AS is_rollback,
    if(fact.rolled_back_at > (SELECT at FROM as_of), '', fact.rolled_back_by) AS rolled_back_by,
    if(fact.rolled_back_at > (SELECT at FROM as_of), NULL, fact.rolled_back_at) AS rolled_back_at,
    fact.at AS at
FROM
(
    SELECT *
    FROM facts_attempts FINAL
    WHERE (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)
        AND at <= (SELECT at FROM as_of)
) AS fact
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owner
    ON fact.service = owner.name AND fact.at >= owner.valid_from;

-- question: Which incidents were there, and which deployment is each attributed to?
-- grain: service x incident x episode
-- owner: platform-analytics
-- needs: as_of, facts_slices, catalog_ownership
CREATE OR REPLACE VIEW incidents ${on_cluster}
(
    service     String COMMENT 'Service',
    team        String COMMENT 'Team that owned the service then; unknown when the catalog does not say',
    incident    String COMMENT 'Provider''s id',
    episode     UInt16 COMMENT '0, then 1 for each reopening',
    environment String COMMENT 'Environment it named; empty when none',
    at          DateTime64(6, 'UTC') COMMENT 'When it began',
    resolved_at Nullable(DateTime64(6, 'UTC')) COMMENT 'First resolution; NULL while open',
    release     String COMMENT 'Release that it is attributed to; empty when none',
    rule        LowCardinality(String) COMMENT 'deployment, commit, version, window or unattributed'
)
AS
SELECT
    fact.service AS service,
    coalesce(nullIf(owner.team, ''), 'unknown') AS team,
    fact.incident AS incident,
    fact.episode AS episode,
    fact.environment AS environment,
    fact.at AS at,
    if(fact.resolved_at <= (SELECT at FROM as_of), fact.resolved_at, NULL) AS resolved_at,
    if(fact.attributed_at > (SELECT at FROM as_of), '', fact.release) AS release,
    if(fact.attributed_at > (SELECT at FROM as_of), 'unattributed', fact.rule) AS rule
FROM
(
    SELECT *
    FROM facts_incidents FINAL
    WHERE (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)
        AND at <= (SELECT at FROM as_of)
) AS fact
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owner
    ON fact.service = owner.name AND fact.at >= owner.valid_from;

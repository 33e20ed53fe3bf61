-- question: Which production deployments were there, which of them failed, and when were they recovered?
-- grain: service x release (production deployment, regions collapsed)
-- owner: platform-analytics
-- needs: release_facts, catalog_ownership
-- columns: release_facts without service
CREATE OR REPLACE VIEW deployments ${on_cluster}
(
    service         String COMMENT 'Service',
    team            String COMMENT 'Team that owned the service then; unknown when the catalog does not say',
${columns}
)
AS
SELECT
    fact.service AS service,
    coalesce(nullIf(owner.team, ''), 'unknown') AS team,
    ${names}
FROM release_facts AS fact
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owner
    ON fact.service = owner.name AND fact.at >= owner.valid_from;

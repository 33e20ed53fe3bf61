-- question: When did a service reach each milestone of its delivery?
-- grain: service x milestone
-- owner: platform-analytics
-- needs: as_of, facts_slices, catalog_ownership
CREATE OR REPLACE VIEW milestones ${on_cluster}
(
    service   String COMMENT 'Service',
    team      String COMMENT 'Team that owned the service then; unknown when the catalog does not say',
    milestone LowCardinality(String) COMMENT 'first_commit, first_ci_run, first_ci_success, first_nonprod_deployment, first_production_deployment',
    at        DateTime64(6, 'UTC') COMMENT 'When it was reached',
    source    String COMMENT 'Event that reached it: source',
    event     String COMMENT 'Event that reached it: id'
)
AS
SELECT
    fact.service AS service,
    coalesce(nullIf(owner.team, ''), 'unknown') AS team,
    fact.milestone AS milestone,
    fact.at AS at,
    fact.source AS source,
    fact.event AS event
FROM
(
    SELECT *
    FROM facts_milestones FINAL
    WHERE (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)
        AND at <= (SELECT at FROM as_of)
) AS fact
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owner
    ON fact.service = owner.name AND fact.at >= owner.valid_from;

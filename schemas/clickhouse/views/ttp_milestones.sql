-- question: When did each service reach each milestone on its way to production?
-- grain: service x milestone; only reached ones
-- owner: platform-analytics
-- needs: as_of, milestones, catalog_services, catalog_consumers, gateway_hours
CREATE OR REPLACE VIEW ttp_milestones ${on_cluster}
(
    service   String COMMENT 'Service by its catalog name',
    milestone LowCardinality(String) COMMENT 'onboarded, first_commit, first_ci_run, first_ci_success, first_nonprod_deployment, first_production_deployment, first_production_traffic',
    position  UInt8 COMMENT 'Place in that order, from 1',
    at        DateTime64(6, 'UTC') COMMENT 'When it was reached; a late earlier event moves it',
    origin    LowCardinality(String) COMMENT 'catalog, delivery or gateway: where it was seen',
    source    String COMMENT 'Source of the event that reached it; empty when the catalog or the gateway says it',
    event     String COMMENT 'Event that reached it; empty when the catalog or the gateway says it'
)
AS
SELECT
    service,
    milestone,
    indexOf(
        [
            'onboarded', 'first_commit', 'first_ci_run', 'first_ci_success', 'first_nonprod_deployment',
            'first_production_deployment', 'first_production_traffic'
        ],
        milestone
    ) AS position,
    reached.at AS at,
    origin,
    source,
    event
FROM
(
    SELECT
        service, 'onboarded' AS milestone, assumeNotNull(onboarded_at) AS at, 'catalog' AS origin, '' AS source, '' AS event
    FROM catalog_services
    WHERE isNotNull(onboarded_at) AND onboarded_at <= (SELECT at FROM as_of)
    UNION ALL
    SELECT service, toString(milestone), milestones.at, 'delivery', source, event
    FROM milestones
    WHERE service != ''
    UNION ALL
    -- Requests to an environment that is nonproduction by its name are no production traffic; those to an unknown one are.
    SELECT service, 'first_production_traffic', min(first_at), 'gateway', '', ''
    FROM gateway_hours
    WHERE outcome = 'ok' AND is_synthetic = 0
        AND consumer NOT IN (SELECT consumer FROM catalog_consumers WHERE is_synthetic = 1)
        AND NOT match(trimBoth(toString(environment)), ${nonprod})
    GROUP BY service
) AS reached;

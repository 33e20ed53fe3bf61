-- question: Which services are there to be adopted?
-- grain: service
-- owner: platform-analytics
-- needs: catalog_services
CREATE OR REPLACE VIEW platform_services ${on_cluster}
(
    service       String COMMENT 'Platform service',
    title         Nullable(String) COMMENT 'Title',
    capability    Nullable(String) COMMENT 'api, ci or deployment',
    natural_grain String COMMENT 'Period in which its use is natural: day, week, month or quarter',
    active_min    UInt32 COMMENT 'Uses in a period that make a user active',
    aliases       Array(String) COMMENT 'Other names: at the gateway, or of a CI system, pipeline template or deployer'
)
AS
SELECT service, title, capability, natural_grain, active_min, aliases
FROM catalog_services
WHERE is_platform = 1;

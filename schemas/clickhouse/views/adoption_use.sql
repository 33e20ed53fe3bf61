-- question: Which counted use of platform services was there, by caller and team?
-- grain: platform service x use x day x consumer x team; what a platform service is for decides which uses count: runs for capability ci, deployments for deployment, else ok requests without probes and health checks
-- owner: platform-analytics
-- needs: adoption_calls
CREATE OR REPLACE VIEW adoption_use ${on_cluster}
(
    service    String COMMENT 'Platform service that was used',
    consumer   String COMMENT 'Caller identity at the gateway; service that the run or deployment belongs to; empty when not known',
    team       String COMMENT 'Team of the caller at that time; unknown when nothing says it',
    team_rule  LowCardinality(String) COMMENT 'How the team was found: record, consumer, service or unknown',
    use        LowCardinality(String) COMMENT 'api (a call through the gateway), pipeline (a finished CI run) or deployment',
    day        Date COMMENT 'Day of it, in the tenant''s zone',
    active_min UInt32 COMMENT 'Uses in a period that make a user active',
    uses       UInt64 COMMENT 'ok requests, finished runs or successful deployments',
    first_at   DateTime64(6, 'UTC') COMMENT 'Earliest of them',
    last_at    DateTime64(6, 'UTC') COMMENT 'Latest of them'
)
AS
SELECT
    service,
    consumer,
    team,
    team_rule,
    use,
    day,
    active_min,
    uses,
    assumeNotNull(first_ok_at) AS first_at,
    assumeNotNull(last_ok_at) AS last_at
FROM adoption_calls
WHERE uses > 0;

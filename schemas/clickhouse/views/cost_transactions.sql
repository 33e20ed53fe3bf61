-- question: How many transactions did each service carry a day: requests, or runs or deployments of such a platform?
-- grain: service x day; only days with some
-- owner: platform-analytics
-- needs: gateway_hours, adoption_use, platform_services
CREATE OR REPLACE VIEW cost_transactions ${on_cluster}
(
    service      String COMMENT 'Service',
    day          Date COMMENT 'Day, in the tenant''s zone',
    unit         LowCardinality(String) COMMENT 'request (ok, synthetic callers count), run or deployment (of a CI or deployment platform)',
    transactions UInt64 COMMENT 'How many'
)
AS
SELECT service, toDate(first_at, ${zone}) AS day, 'request' AS unit, sum(requests) AS transactions
FROM gateway_hours
WHERE outcome = 'ok'
    AND service NOT IN (SELECT service FROM platform_services WHERE capability IN ('ci', 'deployment'))
GROUP BY service, day
UNION ALL
SELECT
    adoption_use.service AS service,
    adoption_use.day AS day,
    if(use = 'pipeline', 'run', 'deployment') AS unit,
    sum(uses) AS transactions
FROM adoption_use
INNER JOIN platform_services ON platform_services.service = adoption_use.service
WHERE (capability = 'ci' AND use = 'pipeline') OR (capability = 'deployment' AND use = 'deployment')
GROUP BY service, day, unit;

-- question: How many transactions did each service carry a day: requests, or runs or deployments of such a platform?
-- grain: service x day; only days with some
-- owner: platform-analytics
-- needs: gateway_hours, adoption_deliveries, platform_services
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
SELECT service, toDate(at, ${zone}) AS day, if(use = 'pipeline', 'run', 'deployment') AS unit, count() AS transactions
FROM adoption_deliveries
GROUP BY service, day, unit;

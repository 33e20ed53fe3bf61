-- question: In which weeks was a platform service observed, so that no use means zero and not "no data"?
-- grain: platform service x week
-- owner: platform-analytics
-- needs: gateway_services, platform_services, periods
CREATE OR REPLACE VIEW adoption_weeks ${on_cluster}
(
    service      String COMMENT 'Platform service',
    period_start Date COMMENT 'Monday of the week, in the tenant''s zone',
    period_end   Date COMMENT 'Monday after it',
    ends_at      DateTime64(6, 'UTC') COMMENT 'First instant after the week',
    is_partial   UInt8 COMMENT '1 while the week runs'
)
AS
SELECT
    seen.service AS service,
    weeks.period_start AS period_start,
    weeks.period_end AS period_end,
    weeks.ends_at AS ends_at,
    weeks.is_partial AS is_partial
FROM (SELECT * FROM periods WHERE grain = 'week') AS weeks
CROSS JOIN
(
    -- From its first traffic of any kind until the gateway itself was last heard of.
    SELECT service, min(first_at) AS since, (SELECT max(last_at) FROM gateway_services) AS until
    FROM gateway_services
    WHERE service IN (SELECT service FROM platform_services)
    GROUP BY service
) AS seen
WHERE weeks.ends_at > seen.since AND weeks.starts_at <= seen.until;

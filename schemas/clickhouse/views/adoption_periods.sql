-- question: In which periods was a platform service observed, so that no use means zero and not "no data"?
-- grain: platform service x period; parameters from, to (days, to exclusive), grain (day, week, month, quarter, natural: of each service its own, range: all days between them)
-- owner: platform-analytics
-- needs: adoption_deliveries, as_of, evidence, gateway_services, periods_between, platform_services
-- A service is observed from its first traffic of any kind (or first run, first deployment) in every period in which
-- something was heard of where its use comes from: any request of any service for the gateway, any event for delivery.
-- A period of silence of everybody is no data, and has no row.
CREATE OR REPLACE VIEW adoption_periods ${on_cluster}
(
    service      String COMMENT 'Platform service',
    grain        String COMMENT 'day, week (ISO: from Monday), month, quarter or range',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    ends_at      DateTime64(6, 'UTC') COMMENT 'First instant after the period',
    is_partial   UInt8 COMMENT '1 while it runs',
    number       UInt64 COMMENT 'Observed periods of the service so far, this one included: neighbours differ by 1'
)
AS
WITH
    heard AS
    (
        SELECT DISTINCT
            'gateway' AS origin,
            arrayJoin(arrayDistinct(arrayMap(
                one -> toDate(one, ${zone}), arrayFilter(one -> one <= (SELECT at FROM as_of), first_at)
            ))) AS day
        FROM gateway_hour_slices FINAL
        UNION ALL
        SELECT DISTINCT 'delivery' AS origin, toDate(at, ${zone}) AS day
        FROM evidence
    ),
    cuts AS
    (
        SELECT grain, period_start, period_end, ends_at, is_partial
        FROM ${database}.periods_between(from = {from:Date}, to = {to:Date}, grain = {grain:String})
    ),
    observed AS
    (
        SELECT DISTINCT
            heard.origin AS origin, cuts.grain AS grain, cuts.period_start AS period_start,
            cuts.period_end AS period_end, cuts.ends_at AS ends_at, cuts.is_partial AS is_partial
        FROM heard
        CROSS JOIN cuts
        WHERE heard.day >= cuts.period_start AND heard.day < cuts.period_end
    ),
    seen AS
    (
        SELECT
            platform.service AS service,
            if({grain:String} = 'natural', any(platform.natural_grain), {grain:String}) AS grain,
            if(any(coalesce(platform.capability, '')) IN ('ci', 'deployment'), 'delivery', 'gateway') AS origin,
            min(told.first_at) AS since
        FROM platform_services AS platform
        INNER JOIN
        (
            SELECT service, 'gateway' AS origin, first_at FROM gateway_services
            UNION ALL
            SELECT service, 'delivery' AS origin, at AS first_at FROM adoption_deliveries
        ) AS told ON told.service = platform.service
        WHERE told.origin = if(coalesce(platform.capability, '') IN ('ci', 'deployment'), 'delivery', 'gateway')
        GROUP BY service
    )
SELECT
    seen.service AS service,
    observed.grain AS grain,
    observed.period_start AS period_start,
    observed.period_end AS period_end,
    observed.ends_at AS ends_at,
    observed.is_partial AS is_partial,
    row_number() OVER (PARTITION BY service ORDER BY period_start) AS number
FROM observed
INNER JOIN seen ON seen.origin = observed.origin AND seen.grain = observed.grain
WHERE observed.ends_at > seen.since;

-- question: What did each service cost, day by day, and what is nobody's?
-- grain: service (empty: idle or unallocated) x allocation x day x currency; effective cost, until now
-- owner: platform-analytics
-- needs: cost_charges, catalog_ownership
CREATE OR REPLACE VIEW costs_daily ${on_cluster}
(
    service        String COMMENT 'Service; empty when idle or unallocated',
    team           String COMMENT 'Its owner on that day; unknown when the catalog does not say',
    allocation     LowCardinality(String) COMMENT 'allocated, idle (paid for and used by nobody) or unallocated',
    day            Date COMMENT 'Day, in the tenant''s zone',
    currency       LowCardinality(String) COMMENT 'ISO 4217; amounts of several are never added up',
    cost           Decimal(38, 18) COMMENT 'Effective cost: amortised, credits and refunds negative, exact',
    charges        UInt64 COMMENT 'Charges with a part in it',
    is_provisional UInt8 COMMENT '1 while the bill of one of them may change'
)
AS
SELECT
    daily.service AS service,
    coalesce(nullIf(owners.team, ''), 'unknown') AS team,
    daily.allocation AS allocation,
    daily.day AS day,
    daily.currency AS currency,
    daily.cost AS cost,
    daily.charges AS charges,
    daily.is_provisional AS is_provisional
FROM
(
    SELECT
        service,
        allocation,
        day,
        currency,
        sum(cost_charges.cost) AS cost,
        count() AS charges,
        max(cost_charges.is_provisional) AS is_provisional,
        toDateTime64(toDateTime(day, ${zone}), 6, 'UTC') AS day_start
    FROM cost_charges
    WHERE is_due = 1
    GROUP BY service, allocation, day, currency
) AS daily
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
    ON daily.service = owners.name AND daily.day_start >= owners.valid_from;

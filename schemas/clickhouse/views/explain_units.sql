-- question: Which units of the gateway's raw archive does the traffic of a service come from?
-- grain: unit; parameters service, from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: service_aliases
-- The one view over the ledger of units, for one service and few days: unit rows themselves are read by gateway_hours alone, of one hour.
CREATE OR REPLACE VIEW explain_units ${on_cluster}
(
    service   String COMMENT 'Service, by its catalog name',
    unit      String COMMENT 'Unit, 32 hex digits: what a sender would send again whole, and what counts once',
    source    LowCardinality(String) COMMENT 'Authenticated source that sent it',
    requests  UInt64 COMMENT 'Requests in the unit, of every service',
    hours     Array(DateTime('UTC')) COMMENT 'Hours in which it has requests of the service',
    first_at  DateTime64(6, 'UTC') COMMENT 'Earliest request of the unit',
    last_at   DateTime64(6, 'UTC') COMMENT 'Latest request of the unit',
    topic     LowCardinality(String) COMMENT 'Where it was read',
    partition UInt32 COMMENT 'Where it was read',
    offset    UInt64 COMMENT 'Where it was read'
)
AS
WITH (SELECT arrayPushFront(groupArray(alias), {service:String}) FROM service_aliases WHERE service_aliases.service = {service:String}) AS names
SELECT
    {service:String} AS service,
    lower(hex(ledger.unit)) AS unit,
    ledger.source AS source,
    ledger.requests AS requests,
    arraySort(arrayDistinct(arrayFilter((one, name) -> has(names, name), ledger.hours, arrayMap(name -> toString(name), ledger.services)))) AS hours,
    ledger.first_at AS first_at,
    ledger.last_at AS last_at,
    ledger.topic AS topic,
    ledger.partition AS partition,
    ledger.offset AS offset
FROM
(
    -- Of two contents of one unit the greatest counts.
    SELECT *
    FROM gateway_units FINAL
    WHERE toDate(last_at, ${zone}) >= {from:Date} AND toDate(first_at, ${zone}) < {to:Date}
    ORDER BY content DESC
    LIMIT 1 BY unit
) AS ledger
WHERE hasAny(arrayMap(name -> toString(name), ledger.services), names)
    AND arrayExists(one -> toDate(one, ${zone}) >= {from:Date} - 1 AND toDate(one, ${zone}) < {to:Date}, hours);

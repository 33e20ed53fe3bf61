-- question: Which share of the requests to a service went well?
-- grain: service (or its route, team, or the organisation) x period; parameters from, to (days, to exclusive), grain (day, week, month, quarter, range), scope (service, route, team, organisation)
-- owner: platform-analytics
-- needs: gateway_minutes, gateway_services, slo_objectives, period_days, catalog_ownership, catalog_services
-- Availability = (ok + client_error) / (ok + client_error + error); the gateway's own 429 (limited) is in the denominator
-- only where the service's objective counts it. All environments but those that are nonproduction by their name; probes
-- and health checks count. A team's number is of the services that it owned then; routes are those of the gateway.
CREATE OR REPLACE VIEW availability ${on_cluster}
(
    service      String COMMENT 'Service; empty when the scope is team or organisation',
    route        String COMMENT 'Route template; empty when the scope is not route',
    team         String COMMENT 'Team; of a service or route its owner at the last instant of the period; empty for the organisation',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while the period runs',
    numerator    UInt64 COMMENT 'Requests that went well: ok + client_error',
    denominator  UInt64 COMMENT 'Requests that were to go well: those, error, and limited where the objective counts it',
    value        Nullable(Float64) COMMENT 'numerator / denominator; NULL when there was no such request',
    shown        Nullable(Float64) COMMENT 'The same: a share of a complete population needs no minimum',
    null_reason  LowCardinality(String) COMMENT 'no_traffic, or only_limited; empty when there is a value',
    n            UInt64 COMMENT 'Requests that were to go well',
    requests     UInt64 COMMENT 'Requests of any outcome',
    ok           UInt64 COMMENT 'Answered with 1xx to 3xx',
    client_error UInt64 COMMENT 'Answered with 4xx',
    error        UInt64 COMMENT '5xx, time-out, connection failure',
    limited      UInt64 COMMENT 'The gateway''s own 429'
)
AS
WITH
    cuts AS
    (
        SELECT period_start, period_end, starts_at, ends_at, is_partial, day
        FROM ${database}.period_days(from = {from:Date}, to = {to:Date}, grain = {grain:String})
    ),
    days AS
    (
        SELECT
            service,
            if({scope:String} = 'route', toString(minutes.route), '') AS route,
            day,
            toDateTime64(toDateTime(day, ${zone}), 6, 'UTC') AS day_start,
            sum(minutes.requests) AS requests,
            sumIf(minutes.requests, outcome = 'ok') AS ok,
            sumIf(minutes.requests, outcome = 'client_error') AS client_error,
            sumIf(minutes.requests, outcome = 'error') AS error,
            sumIf(minutes.requests, outcome = 'limited') AS limited
        FROM gateway_minutes AS minutes
        WHERE is_nonprod = 0
            AND day >= {from:Date} AND day < {to:Date}
            -- The same once more as what the table is sorted by.
            AND hour > toDateTime({from:Date}, ${zone}) - INTERVAL 1 HOUR AND hour < toDateTime({to:Date}, ${zone})
        GROUP BY service, route, day
    ),
    -- Objectives and owners change at the tenant's midnight.
    judged AS
    (
        SELECT days.*, if(slo.counts_limited = 1, days.limited, 0) AS limited_counted
        FROM days
        ASOF LEFT JOIN (SELECT service, counts_limited, valid_from FROM slo_objectives) AS slo
            ON days.service = slo.service AND days.day_start >= slo.valid_from
    ),
    owned AS
    (
        SELECT
            if({scope:String} IN ('service', 'route'), judged.service, '') AS name,
            if({scope:String} = 'team', coalesce(nullIf(owners.team, ''), 'unknown'), '') AS owner,
            judged.*
        FROM judged
        ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
            ON judged.service = owners.name AND judged.day_start >= owners.valid_from
    ),
    spans AS
    (
        SELECT known.name AS name, known.route AS route, known.owner AS owner, min(known.since) AS since, any(archived.archived_at) AS archived_at
        FROM
        (
            SELECT name, route, owner, min(day) AS since FROM owned GROUP BY name, route, owner
            UNION ALL
            SELECT service AS name, '' AS route, '' AS owner, toDate(min(first_at), ${zone}) AS since
            FROM gateway_services
            WHERE {scope:String} = 'service'
            GROUP BY service
        ) AS known
        LEFT JOIN (SELECT service, archived_at FROM catalog_services) AS archived ON archived.service = known.name
        GROUP BY name, route, owner
    ),
    spine AS
    (
        SELECT
            spans.name AS name,
            spans.route AS route,
            spans.owner AS owner,
            periods.period_start AS period_start,
            periods.period_end AS period_end,
            periods.is_partial AS is_partial,
            periods.ends_at - INTERVAL 1 MICROSECOND AS last_at
        FROM (SELECT DISTINCT period_start, period_end, starts_at, ends_at, is_partial FROM cuts) AS periods
        CROSS JOIN spans
        WHERE periods.period_end > spans.since AND (isNull(spans.archived_at) OR spans.archived_at >= periods.starts_at)
    ),
    counted AS
    (
        SELECT
            owned.name AS name,
            owned.route AS route,
            owned.owner AS owner,
            cuts.period_start AS period_start,
            sum(owned.requests) AS requests,
            sum(owned.ok) AS ok,
            sum(owned.client_error) AS client_error,
            sum(owned.error) AS error,
            sum(owned.limited) AS limited,
            sum(owned.limited_counted) AS limited_counted
        FROM owned
        INNER JOIN cuts ON cuts.day = owned.day
        GROUP BY name, route, owner, period_start
    ),
    found AS
    (
        SELECT spine.*, counted.*
        FROM spine
        LEFT JOIN counted
            ON counted.name = spine.name AND counted.route = spine.route AND counted.owner = spine.owner
            AND counted.period_start = spine.period_start
    )
SELECT
    found.name AS service,
    found.route AS route,
    if({scope:String} IN ('service', 'route'), coalesce(nullIf(owners.team, ''), 'unknown'), found.owner) AS team,
    found.period_start AS period_start,
    found.period_end AS period_end,
    found.is_partial AS is_partial,
    found.ok + found.client_error AS numerator,
    found.ok + found.client_error + found.error + found.limited_counted AS denominator,
    if(denominator = 0, NULL, numerator / denominator) AS value,
    value AS shown,
    multiIf(denominator > 0, '', found.requests = 0, 'no_traffic', 'only_limited') AS null_reason,
    denominator AS n,
    found.requests AS requests,
    found.ok AS ok,
    found.client_error AS client_error,
    found.error AS error,
    found.limited AS limited
FROM found
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
    ON found.name = owners.name AND found.last_at >= owners.valid_from;

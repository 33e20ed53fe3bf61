-- question: Which gateway traffic makes this number of a service, by which rule, and which was looked at and not counted, and why?
-- grain: hour x what the rule looks at x part; parameters metric (availability_ratio, latency_…, slo, slo_burn), service, from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: as_of, gateway_minutes, slo_objectives, service_aliases, catalog_ownership
-- Of gateway traffic the archive keeps units, not single requests: the event ids of a row are the units of explain_units
-- that have its hour, and in gateway_unit_rows their rows of this service, these minutes and what else the row says.
-- The windows of slo and slo_burn are theirs: of slo the objective's days that end with the last day asked for, of
-- slo_burn the minutes before now, whatever days are asked for. A request that is part of numerator and denominator is in two rows.
CREATE OR REPLACE VIEW explain_traffic ${on_cluster}
(
    service         String COMMENT 'Service',
    team            String COMMENT 'Team that owned the service on that day; in explain_failures of failed requests the callers'' team',
    metric          String COMMENT 'Measure, as asked for',
    counted         UInt8 COMMENT '1 when the number rests on it',
    part            LowCardinality(String) COMMENT 'numerator or denominator, value of a distribution or count; empty when not counted',
    fact            String COMMENT 'Of blast_radius: the incident, opened again with # and the episode; else empty',
    rule            LowCardinality(String) COMMENT 'Rule by which it counts: well, failed, answered; of slo_burn the smallest window that holds it, the larger ones do too; of failed_requests how the team was found',
    reason          LowCardinality(String) COMMENT 'Why it does not count: limited, client_error, error, nonprod_environment, no_latency, no_objective, no_cost, counted_by_runs, counted_by_deployments; empty when it does',
    day             Date COMMENT 'Day, in the tenant''s zone',
    hour            DateTime('UTC') COMMENT 'Start of the hour, UTC',
    minutes         Array(UInt8) COMMENT 'Minutes of the hour with such requests; of cost_per_transaction none: it counts hours',
    environment     String COMMENT 'Environment; empty when not given',
    outcome         String COMMENT 'ok, client_error, error or limited',
    consumer        String COMMENT 'Of blast_radius and failed_requests: the caller whose requests failed',
    requests        UInt64 COMMENT 'Requests; of latency those whose time is known, or not, as the reason says',
    latency_buckets Array(UInt16) COMMENT 'Of latency: log-scale histogram, bucket numbers',
    latency_counts  Array(UInt64) COMMENT 'Of latency: requests per bucket'
)
AS
WITH
    {metric:String} AS asked,
    multiIf(startsWith(asked, 'latency'), 'latency', startsWith(asked, 'availability'), 'availability', asked) AS family,
    (SELECT assumeNotNull(max(at)) FROM as_of) AS now_at,
    least({to:Date} - 1, toDate(now_at, ${zone})) AS last_day,
    (
        SELECT (max(window_days), count())
        FROM slo_objectives
        WHERE service = {service:String} AND isNotNull(objective)
            -- Of a day its first instant decides, of now this one.
            AND valid_from <= if(asked = 'slo_burn', now_at, toDateTime64(toDateTime(last_day, ${zone}), 6, 'UTC'))
            AND (isNull(valid_to) OR valid_to > if(asked = 'slo_burn', now_at, toDateTime64(toDateTime(last_day, ${zone}), 6, 'UTC')))
    ) AS objective,
    multiIf(family = 'slo', last_day + 1 - greatest(objective.1, 1), family = 'slo_burn', toDate(now_at, ${zone}) - 4, {from:Date}) AS first_day,
    multiIf(family = 'slo', last_day + 1, family = 'slo_burn', toDate(now_at, ${zone}) + 1, {to:Date}) AS end_day,
    -- What the gateway calls it: so that other services' hours are not read.
    names AS (SELECT {service:String} AS name UNION ALL SELECT alias FROM service_aliases WHERE service_aliases.service = {service:String}),
    grouped AS
    (
        SELECT
            day, hour, is_nonprod, environment, outcome, age_window,
            arraySort(groupUniqArray(minute_number)) AS minutes,
            sum(made.requests) AS requests,
            sumMap(made.latency_buckets, made.latency_counts) AS histogram
        FROM
        (
            SELECT
                traffic.day AS day, traffic.hour AS hour, traffic.is_nonprod AS is_nonprod, toString(traffic.environment) AS environment,
                toString(traffic.outcome) AS outcome, traffic.requests AS requests,
                toUInt8(toMinute(traffic.minute)) AS minute_number,
                if(family = 'latency', traffic.latency_buckets, []) AS latency_buckets,
                if(family = 'latency', traffic.latency_counts, []) AS latency_counts,
                dateDiff('minute', traffic.minute, toStartOfMinute(toDateTime(now_at, 'UTC'))) AS age,
                if(family = 'slo_burn', arrayFirst(minutes -> age <= minutes, [5, 30, 60, 120, 360, 1440, 4320]), 0) AS age_window
            FROM gateway_minutes AS traffic
            WHERE traffic.service = {service:String} AND traffic.gateway_service IN (SELECT name FROM names)
                AND traffic.day >= first_day AND traffic.day < end_day
                AND traffic.hour > toDateTime(first_day, ${zone}) - INTERVAL 1 HOUR AND traffic.hour < toDateTime(end_day, ${zone})
                AND (family != 'slo_burn' OR (age >= 1 AND age <= 4320))
        ) AS made
        GROUP BY day, hour, is_nonprod, environment, outcome, age_window
    ),
    judged AS
    (
        -- Objectives change at the tenant's midnight: that of each day says whether its limited requests count.
        SELECT grouped.*, coalesce(slo.counts_limited, 0) AS counts_limited
        FROM (SELECT *, {service:String} AS name, toDateTime64(toDateTime(day, ${zone}), 6, 'UTC') AS day_start FROM grouped) AS grouped
        ASOF LEFT JOIN (SELECT service, counts_limited, valid_from FROM slo_objectives) AS slo
            ON grouped.name = slo.service AND grouped.day_start >= slo.valid_from
    ),
    listed AS
    (
        SELECT
            day, hour, minutes, environment, outcome,
            arrayJoin(multiIf(
                is_nonprod = 1, [('', '', 'nonprod_environment', requests)],
                family IN ('slo', 'slo_burn') AND objective.2 = 0, [('', '', 'no_objective', requests)],
                family = 'latency' AND outcome = 'limited', [('', '', 'limited', requests)],
                family = 'latency',
                arrayFilter(one -> one.4 > 0, [('value', 'answered', '', toUInt64(arraySum(histogram.2))), ('', '', 'no_latency', toUInt64(requests - arraySum(histogram.2)))]),
                outcome = 'limited' AND counts_limited = 0, [('', '', 'limited', requests)],
                family = 'slo_burn',
                arrayFilter(
                    one -> one.1 != '',
                    [(if(outcome IN ('error', 'limited'), 'numerator', ''), concat('last_', toString(age_window), '_minutes'), '', requests), ('denominator', concat('last_', toString(age_window), '_minutes'), '', requests)]
                ),
                outcome IN ('error', 'limited'), [('denominator', 'failed', '', requests)],
                [('numerator', 'well', '', requests), ('denominator', 'well', '', requests)]
            )) AS claim,
            if(claim.1 = 'value', histogram.1, []) AS latency_buckets,
            if(claim.1 = 'value', histogram.2, []) AS latency_counts
        FROM judged
    )
SELECT
    {service:String} AS service,
    coalesce(nullIf(owners.team, ''), 'unknown') AS team,
    asked AS metric,
    toUInt8(told.claim.1 != '') AS counted,
    told.claim.1 AS part,
    '' AS fact,
    told.claim.2 AS rule,
    told.claim.3 AS reason,
    told.day AS day,
    told.hour AS hour,
    told.minutes AS minutes,
    told.environment AS environment,
    told.outcome AS outcome,
    '' AS consumer,
    told.claim.4 AS requests,
    told.latency_buckets AS latency_buckets,
    told.latency_counts AS latency_counts
FROM (SELECT *, {service:String} AS name, toDateTime64(toDateTime(day, ${zone}), 6, 'UTC') AS day_start FROM listed) AS told
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
    ON told.name = owners.name AND told.day_start >= owners.valid_from;

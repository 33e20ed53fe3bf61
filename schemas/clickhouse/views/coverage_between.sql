-- question: How much of the input of some days could not be used for a family of metrics, and why?
-- grain: metric family x reason; parameters from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: as_of, deployments, commits, attempts, incidents, evidence, milestones, time_to_production, ci_runs, catalog_services, cost_charges, cost_exports, adoption_use, platform_services, gateway_services, dead_letter_list, reliability_minutes, gateway_minutes, failed_requests, slo_objectives, adoption_deliveries
-- A thing is of the days on which it happened; a service of those on which it was first seen on its way to production, on
-- which it had traffic, or after which it had an objective. What was set aside counts in whatever days are asked for: when it
-- happened, nobody could read.
CREATE OR REPLACE VIEW coverage_between ${on_cluster}
(
    family      LowCardinality(String) COMMENT 'adoption, time-to-production, velocity, ci, cost, reliability, or all',
    reason      String COMMENT 'Why it could not be used, or only in part',
    unit        LowCardinality(String) COMMENT 'What is counted: deployments, commits, attempts, incidents, events, runs, uses, requests, minutes, hours, services, charges, exports, records',
    numerator   UInt64 COMMENT 'Not used, or used in part',
    denominator Nullable(UInt64) COMMENT 'All that there were; NULL when that is not known',
    value       Nullable(Float64) COMMENT 'numerator / denominator; NULL when there was none, or that is not known'
)
AS
WITH
    -- Services with traffic in these days.
    heard AS
    (
        SELECT service, in_catalog
        FROM gateway_services
        WHERE gateway_service IN
        (
            SELECT slice.service
            FROM gateway_hour_slices AS slice FINAL
            WHERE arrayExists(
                one -> one <= (SELECT at FROM as_of) AND toDate(one, ${zone}) >= {from:Date} AND toDate(one, ${zone}) < {to:Date},
                slice.first_at
            )
        )
    ),
    -- Services with an objective when these days were over.
    promised AS
    (
        SELECT service
        FROM slo_objectives
        WHERE isNotNull(objective) AND toDate(valid_from, ${zone}) < {to:Date} AND (isNull(valid_to) OR toDate(valid_to, ${zone}) >= {to:Date})
    )
SELECT
    family,
    finding.1 AS reason,
    unit,
    finding.2 AS numerator,
    total AS denominator,
    if(denominator > 0, numerator / denominator, NULL) AS value
FROM
(
    SELECT
        'velocity' AS family, 'deployments' AS unit, toNullable(count()) AS total,
        [
            ('missing_commit', countIf(isNotNull(finished_at) AND commit_rule IN ('', 'none'))),
            ('head_commit_only', countIf(commit_rule = 'head')),
            ('pushes_with_gap', countIf(has(flags, 'gap'))),
            ('forced_push', countIf(has(flags, 'forced'))),
            ('truncated_push', countIf(has(flags, 'truncated'))),
            ('change_from_fork', countIf(has(flags, 'forks'))),
            ('change_without_commits', countIf(has(flags, 'no_change_commits'))),
            ('unknown_owner', countIf(team = 'unknown'))
        ] AS findings
    FROM deployments
    WHERE toDate(at, ${zone}) >= {from:Date} AND toDate(at, ${zone}) < {to:Date}
    UNION ALL
    SELECT
        'velocity', 'commits', count(),
        [
            ('clock_skew', countIf(not_counted = 'clock_skew')),
            ('no_commit_time', countIf(not_counted = 'no_time')),
            ('merge_commit', countIf(not_counted = 'merge_commit')),
            ('squashed', countIf(is_squash = 1))
        ]
    FROM commits
    WHERE toDate(at, ${zone}) >= {from:Date} AND toDate(at, ${zone}) < {to:Date}
    UNION ALL
    SELECT 'velocity', 'attempts', count(), [('unknown_environment', countIf(tier = 'unknown'))]
    FROM attempts
    WHERE toDate(at, ${zone}) >= {from:Date} AND toDate(at, ${zone}) < {to:Date}
    UNION ALL
    SELECT 'velocity', 'incidents', count(), [('unattributed_incident', countIf(rule = 'unattributed'))]
    FROM incidents
    WHERE toDate(at, ${zone}) >= {from:Date} AND toDate(at, ${zone}) < {to:Date}
    UNION ALL
    SELECT
        'velocity', 'events', count(),
        [
            ('unresolved_service', countIf(service = '' AND rule != 'ambiguous_repository')),
            ('ambiguous_repository', countIf(service = '' AND rule = 'ambiguous_repository')),
            ('foreign_reference', countIf(reason = 'foreign_reference'))
        ]
    FROM evidence
    WHERE toDate(at, ${zone}) >= {from:Date} AND toDate(at, ${zone}) < {to:Date}
    UNION ALL
    SELECT
        'time-to-production', 'services', count(),
        [
            ('no_onboarding_date', countIf(service NOT IN (SELECT service FROM catalog_services WHERE isNotNull(onboarded_at)))),
            ('left_truncated', countIf(left_truncated = 1)),
            ('out_of_order', countIf(out_of_order = 1)),
            ('unknown_owner', countIf(team = 'unknown'))
        ]
    FROM
    (
        SELECT known.service AS service
        FROM
        (
            SELECT service, at FROM milestones
            UNION ALL
            SELECT service, assumeNotNull(onboarded_at) AS at FROM catalog_services WHERE isNotNull(onboarded_at)
        ) AS known
        GROUP BY service
        HAVING toDate(min(known.at), ${zone}) >= {from:Date} AND toDate(min(known.at), ${zone}) < {to:Date}
    ) AS reached
    LEFT JOIN
    (
        SELECT service, max(is_left_truncated) AS left_truncated, max(is_out_of_order) AS out_of_order, any(team) AS team
        FROM time_to_production
        WHERE is_headline
        GROUP BY service
    ) AS started ON started.service = reached.service
    UNION ALL
    SELECT
        'ci', 'runs', count(),
        [
            ('unresolved_service', countIf(service = '')),
            ('unknown_owner', countIf(service != '' AND team = 'unknown')),
            ('missing_commit', countIf(commit = '')),
            ('not_finished', countIf(isNull(finished_at))),
            ('no_start_time', countIf(isNotNull(finished_at) AND isNull(started_at))),
            ('no_queue_time', countIf(isNotNull(finished_at) AND (isNull(queued_at) OR isNull(started_at)))),
            ('clock_skew', countIf(finished_at < started_at OR started_at < queued_at))
        ]
    FROM ci_runs
    WHERE toDate(at, ${zone}) >= {from:Date} AND toDate(at, ${zone}) < {to:Date}
    UNION ALL
    SELECT
        'adoption', 'uses', sum(uses),
        [
            ('unknown_consumer', sumIf(uses, consumer = '' AND team_rule != 'record')),
            ('unknown_owner', sumIf(uses, team = 'unknown'))
        ]
    FROM adoption_use
    WHERE day >= {from:Date} AND day < {to:Date}
    UNION ALL
    SELECT 'adoption', 'services', count(), [('service_not_in_catalog', countIf(in_catalog = 0))]
    FROM heard
    UNION ALL
    SELECT
        'adoption', 'services', count(),
        [
            (
                'platform_service_without_traffic',
                countIf(
                    service NOT IN (SELECT service FROM heard)
                    AND service NOT IN (SELECT service FROM adoption_deliveries WHERE toDate(at, ${zone}) >= {from:Date} AND toDate(at, ${zone}) < {to:Date})
                )
            )
        ]
    FROM platform_services
    UNION ALL
    SELECT
        'cost', 'charges', count(),
        [
            ('unallocated', countIf(is_unallocated)),
            ('provisional', countIf(is_open)),
            ('service_not_in_catalog', countIf(is_unknown))
        ]
    FROM
    (
        SELECT
            max(allocation = 'unallocated') AS is_unallocated,
            max(is_provisional) AS is_open,
            max(allocation = 'allocated' AND service NOT IN (SELECT service FROM catalog_services)) AS is_unknown
        FROM cost_charges
        WHERE day >= {from:Date} AND day < {to:Date}
        GROUP BY source, id
    )
    UNION ALL
    SELECT 'cost', 'exports', count(), [('incomplete_export', countIf(is_complete = 0))]
    FROM cost_exports
    WHERE toDate(period_end - INTERVAL 1 MICROSECOND, ${zone}) >= {from:Date} AND toDate(period_start, ${zone}) < {to:Date}
    UNION ALL
    SELECT
        'reliability', 'minutes', count(),
        [('minute_without_objective', countIf(state = 'no_objective')), ('minute_with_nothing_but_limited', countIf(state = 'limited'))]
    FROM reliability_minutes
    WHERE day >= {from:Date} AND day < {to:Date}
    UNION ALL
    SELECT
        'reliability', 'requests', sum(gateway_minutes.requests),
        [
            ('nonproduction_environment', sumIf(gateway_minutes.requests, is_nonprod = 1)),
            ('unknown_latency', toUInt64(sum(gateway_minutes.requests) - sum(arraySum(latency_counts))))
        ]
    FROM gateway_minutes
    WHERE day >= {from:Date} AND day < {to:Date}
    UNION ALL
    SELECT 'reliability', 'requests', sum(failed), [('unknown_caller_of_failed_request', sumIf(failed, team = 'unknown'))]
    FROM failed_requests
    WHERE day >= {from:Date} AND day < {to:Date}
    UNION ALL
    SELECT
        'reliability', 'services', count(),
        [('service_without_objective', countIf(service NOT IN (SELECT service FROM promised)))]
    FROM (SELECT DISTINCT service FROM heard)
    UNION ALL
    SELECT
        'reliability', 'services', count(),
        [('objective_without_traffic', countIf(service NOT IN (SELECT service FROM heard)))]
    FROM promised
    UNION ALL
    SELECT 'reliability', 'events', count(), [('incident_without_service', countIf(service = ''))]
    FROM evidence
    WHERE kind = 'incident' AND toDate(at, ${zone}) >= {from:Date} AND toDate(at, ${zone}) < {to:Date}
    UNION ALL
    -- Recomputed before there were minutes: adoption rebuild gives them.
    SELECT 'reliability', 'hours', count(), [('hours_without_minutes', countIf(empty(minute_number)))]
    FROM gateway_hour_slices FINAL
    WHERE notEmpty(gateway_hour_slices.requests) AND toDate(hour, ${zone}) >= {from:Date} AND toDate(hour, ${zone}) < {to:Date}
    UNION ALL
    SELECT 'all', 'records', NULL, groupArray((concat('dead_lettered: ', reason), letters))
    FROM (SELECT reason, count() AS letters FROM dead_letter_list WHERE is_waiting GROUP BY reason)
)
ARRAY JOIN findings AS finding;

-- question: Which events make this number, by which rule, and which were looked at and not counted, and why?
-- grain: event x fact x role; parameters metric (as in velocity, ci; change_lead_time_{coding,review,merge,deploy}_…; incidents, incident_duration_…, blast_radius, uptime; time_to_production), service, from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: as_of, facts_slices, release_facts, commits, incidents, ci_runs, ttp_milestones, catalog_facts, catalog_ownership, evidence
-- Events are those of (source, event) in the raw archive. Of a rate, an event that makes a fact part of the numerator and
-- one that makes it part of the denominator are two rows; of a duration its two ends are.
CREATE OR REPLACE VIEW explain ${on_cluster}
(
    service      String COMMENT 'Service',
    team         String COMMENT 'Team that owned the service at the fact''s instant, else at the event''s; unknown when the catalog does not say',
    metric       String COMMENT 'Measure, as asked for',
    counted      UInt8 COMMENT '1 when the number rests on it',
    part         LowCardinality(String) COMMENT 'numerator or denominator of a rate, value of a duration; empty when not counted',
    fact_kind    LowCardinality(String) COMMENT 'release, commit, incident, ci_run, ci_pair or milestone; empty when no fact rests on it',
    fact         String COMMENT 'Release, commit, incident, run, pair (pipeline and commit) or milestone that it is counted for, or would be',
    fact_at      Nullable(DateTime64(6, 'UTC')) COMMENT 'The fact''s instant, which decides the period; NULL when no fact rests on it',
    role         LowCardinality(String) COMMENT 'What the event says of the fact: finished, failed, region, ended_in_failure, rolled_back, incident, recovered, rework, committed, first_commit, change_opened, reviewed, merged, deployed, opened, resolved, first_attempt, first_failure, passed, reached',
    rule         LowCardinality(String) COMMENT 'Rule by which it counts: first_success, attempt, why it failed, how it was recovered, why it is rework, how commits were found, how an incident was attributed',
    reason       LowCardinality(String) COMMENT 'Why it does not count; empty when it does',
    source       String COMMENT 'Event: source; empty where gateway traffic says it (see explain_use)',
    event        String COMMENT 'Event: id',
    kind         LowCardinality(String) COMMENT 'ci_run, push, merge, deployment, incident, catalog or gateway',
    at           DateTime64(6, 'UTC') COMMENT 'When the event happened',
    service_rule LowCardinality(String) COMMENT 'How the event was found to belong to the service; context: to others, and read because a shared branch runs through it'
)
AS
WITH
    {metric:String} AS asked,
    multiIf(
        startsWith(asked, 'deployment_frequency'), 'frequency',
        startsWith(asked, 'change_lead_time'), 'lead',
        startsWith(asked, 'change_fail'), 'fail',
        startsWith(asked, 'deployment_rework'), 'rework',
        startsWith(asked, 'failed_deployment_recovery'), 'recovery',
        startsWith(asked, 'ci_'), 'ci',
        startsWith(asked, 'incident') OR asked IN ('blast_radius', 'uptime_ratio'), 'incidents',
        startsWith(asked, 'time_to_production'), 'ttp',
        ''
    ) AS family,
    extract(asked, '^change_lead_time_(coding|review|merge|deploy)_') AS stage,
    -- (kind and name of the fact with the grounds, role there, role here, counted, part, rule, reason)
    claims AS
    (
        SELECT
            'release' AS fact_kind,
            releases.release AS fact,
            releases.at AS fact_at,
            arrayJoin(releases.claimed) AS claim
        FROM
        (
            SELECT
                release,
                release_facts.at AS at,
                if(isNull(finished_at), 'failed', 'finished') AS anchor,
                -- A rollback is left out of numerator and denominator of the variant.
                toUInt8(position(asked, 'without_rollbacks') > 0 AND is_rollback) AS is_out,
                arrayMap(one -> toString(one), failure_reasons) AS reasons,
                ('release', release, 'region', 'region', 0, '', '', 'region_of_release') AS region,
                multiIf(
                    family = 'frequency',
                    [('release', release, anchor, anchor, toUInt8(anchor = 'finished'), if(anchor = 'finished', 'numerator', ''), if(anchor = 'finished', 'first_success', ''), if(anchor = 'finished', '', 'failed_attempt')), region],
                    family = 'fail',
                    arrayConcat(
                        [('release', release, anchor, anchor, 1 - is_out, if(is_out, '', 'denominator'), if(is_out, '', 'attempt'), if(is_out, 'rollback_deployment', '')), region],
                        arrayMap(one -> ('release', release, one, one, 1 - is_out, if(is_out, '', 'numerator'), if(is_out, '', one), if(is_out, 'rollback_deployment', '')), reasons)
                    ),
                    family = 'rework',
                    [('release', release, anchor, anchor, 1, 'denominator', 'attempt', ''), region, ('release', release, if(is_rework, 'rework', 'none'), 'rework', 1, 'numerator', toString(rework_rule), '')],
                    family = 'recovery' AND isNotNull(recovered_at),
                    [('release', release, anchor, anchor, 1, 'value', 'failed_at', ''), ('release', release, 'recovered', 'recovered', 1, 'value', toString(recovery_rule), '')],
                    family = 'recovery',
                    [('release', release, anchor, anchor, 0, '', '', if(is_failed, 'open', 'not_failed'))],
                    []
                ) AS claimed
            FROM release_facts
            WHERE service = {service:String} AND toDate(release_facts.at, ${zone}) >= {from:Date} AND toDate(release_facts.at, ${zone}) < {to:Date}
        ) AS releases
        UNION ALL
        SELECT 'commit' AS fact_kind, credited.sha AS fact, credited.at AS fact_at, arrayJoin(credited.claimed) AS claim
        FROM
        (
            SELECT
                sha,
                commits.at AS at,
                multiIf(
                    not_counted != '', toString(not_counted),
                    position(asked, 'without_bots') > 0 AND is_bot = 1, 'bot',
                    position(asked, 'from_first_commit') > 0 AND isNull(first_commit_lead_time_us), 'no_squash',
                    (stage = 'coding' AND isNull(coding_us)) OR (stage = 'review' AND isNull(review_us))
                        OR (stage = 'merge' AND isNull(merge_us)) OR (stage = 'deploy' AND isNull(deploy_us)), 'stage_not_told',
                    ''
                ) AS why_not,
                -- The two ends: (kind and name of the fact with the grounds, role there, role here).
                multiIf(
                    stage = 'coding', [('commit', sha, 'first_commit', 'first_commit'), ('commit', sha, 'change_opened', 'change_opened')],
                    stage = 'review', [('commit', sha, 'change_opened', 'change_opened'), ('commit', sha, 'reviewed', 'reviewed')],
                    stage = 'merge', [('commit', sha, 'reviewed', 'reviewed'), ('commit', sha, 'merged', 'merged')],
                    stage = 'deploy', [('commit', sha, 'merged', 'merged'), ('release', release, 'finished', 'deployed')],
                    position(asked, 'from_first_commit') > 0, [('commit', sha, 'first_commit', 'first_commit'), ('release', release, 'finished', 'deployed')],
                    [('commit', sha, 'committed', 'committed'), ('release', release, 'finished', 'deployed')]
                ) AS ends,
                if(
                    why_not = '',
                    arrayMap(one -> (one.1, one.2, one.3, one.4, 1, 'value', toString(rule), ''), ends),
                    [('commit', sha, 'committed', 'committed', 0, '', '', why_not)]
                ) AS claimed
            FROM commits
            WHERE family = 'lead' AND service = {service:String} AND toDate(commits.at, ${zone}) >= {from:Date} AND toDate(commits.at, ${zone}) < {to:Date}
        ) AS credited
        UNION ALL
        SELECT
            'incident' AS fact_kind,
            if(begun.episode = 0, begun.incident, concat(begun.incident, '#', toString(begun.episode))) AS fact,
            begun.at AS fact_at,
            arrayJoin(multiIf(
                asked = 'uptime_ratio' AND match(trimBoth(begun.environment), ${nonprod}),
                [('incident', fact, 'opened', 'opened', 0, '', '', 'nonprod_environment')],
                startsWith(asked, 'incident_duration') AND isNull(begun.resolved_at),
                [('incident', fact, 'opened', 'opened', 0, '', '', 'open')],
                [
                    ('incident', fact, 'opened', 'opened', 1, 'value', toString(begun.rule), ''),
                    ('incident', fact, if(isNull(begun.resolved_at), 'none', 'resolved'), 'resolved', 1, 'value', toString(begun.rule), '')
                ]
            )) AS claim
        FROM incidents AS begun
        -- Of uptime all that last into the days; else those that began in them.
        WHERE family = 'incidents' AND begun.service = {service:String} AND toDate(begun.at, ${zone}) < {to:Date}
            AND (toDate(begun.at, ${zone}) >= {from:Date} OR (asked = 'uptime_ratio' AND coalesce(toDate(begun.resolved_at, ${zone}) >= {from:Date}, 1)))
    ),
    listed AS
    (
        SELECT
            toUInt8(claims.claim.5) AS counted, claims.claim.6 AS part, claims.fact_kind AS fact_kind, claims.fact AS fact, claims.fact_at AS fact_at,
            claims.claim.4 AS role, claims.claim.7 AS rule, claims.claim.8 AS reason,
            grounds.source AS source, grounds.event AS event, toString(grounds.kind) AS kind, grounds.event_at AS at
        FROM claims
        INNER JOIN
        (
            SELECT fact_kind, fact, role, source, event, kind, event_at
            FROM facts_grounds FINAL
            WHERE service = {service:String} AND event_at <= (SELECT at FROM as_of)
                AND (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)
        ) AS grounds ON grounds.fact_kind = claims.claim.1 AND grounds.fact = claims.claim.2 AND grounds.role = claims.claim.3
        UNION ALL
        SELECT
            toUInt8(why_not = '') AS counted, arrayJoin(if(why_not != '', [''], if(asked = 'ci_success_ratio', if(outcome = 'success', ['numerator', 'denominator'], ['denominator']), ['value']))) AS part,
            'ci_run' AS fact_kind, concat(run_id, '#', toString(attempt)) AS fact, ci_runs.at AS fact_at, 'finished' AS role,
            if(why_not = '', toString(outcome), '') AS rule,
            multiIf(
                outcome = '', 'in_progress',
                outcome IN ('cancelled', 'skipped', 'neutral'), toString(outcome),
                startsWith(asked, 'ci_duration') AND NOT coalesce(finished_at >= started_at, 0), if(isNull(started_at), 'not_timed', 'clock_skew'),
                startsWith(asked, 'ci_queue') AND NOT coalesce(started_at >= queued_at, 0), if(isNull(queued_at) OR isNull(started_at), 'not_timed', 'clock_skew'),
                asked = 'ci_flaky_ratio' AND commit = '', 'no_commit',
                ''
            ) AS why_not,
            source, event, 'ci_run' AS kind, ci_runs.at AS at
        FROM ci_runs
        WHERE family = 'ci' AND service = {service:String} AND toDate(ci_runs.at, ${zone}) >= {from:Date} AND toDate(ci_runs.at, ${zone}) < {to:Date}
            AND (asked != 'ci_flaky_ratio' OR why_not != '')
        UNION ALL
        -- Pairs of pipeline and commit: of the days in which their first attempt ended, whenever the one that passed did.
        SELECT
            toUInt8(claim.1 != '') AS counted, claim.1 AS part, 'ci_pair' AS fact_kind, pairs.fact AS fact, pairs.attempts[1].1 AS fact_at,
            claim.2 AS role, if(claim.1 = '', '', pairs.attempts[place].4) AS rule, claim.3 AS why_not,
            pairs.source AS source, pairs.attempts[place].5 AS event, 'ci_run' AS kind, pairs.attempts[place].1 AS at
        FROM
        (
            SELECT
                ci_runs.source AS source,
                trimBoth(concat(ci_runs.source, ' ', repository, ' ', if(name = '', run_id, name), '@', commit)) AS fact,
                -- (ended, run, attempt, outcome, event, began), in the order in which they ended.
                arraySort(groupArray((
                    ci_runs.at, run_id, attempt, toString(outcome), ci_runs.event, assumeNotNull(coalesce(queued_at, started_at, ci_runs.at))
                ))) AS attempts,
                arrayFilter(one -> one.4 != 'success', attempts) AS failing,
                arraySort(one -> one.6, arrayFilter(one -> one.4 = 'success', attempts)) AS passing,
                -- What makes it flaky: a later attempt of the same run passed, or a run that began once the failed one had ended.
                arrayFirst(bad -> arrayExists(good -> good.2 = bad.2 AND good.3 > bad.3, passing), failing) AS mended,
                multiIf(
                    mended.2 != '', (mended, arrayLast(good -> good.2 = mended.2 AND good.3 > mended.3, passing)),
                    notEmpty(failing) AND notEmpty(passing) AND failing[1].1 <= passing[-1].6, (failing[1], passing[-1]),
                    (mended, mended)
                ) AS proof,
                indexOf(attempts, proof.1) AS failed,
                indexOf(attempts, proof.2) AS passed,
                proof.2.2 != '' AS is_flaky
            FROM ci_runs
            WHERE asked = 'ci_flaky_ratio' AND service = {service:String} AND commit != '' AND outcome NOT IN ('', 'cancelled', 'skipped', 'neutral')
            GROUP BY source, fact
        ) AS pairs
        ARRAY JOIN arrayEnumerate(attempts) AS place
        ARRAY JOIN multiIf(
            toDate(attempts[1].1, ${zone}) < {from:Date} OR toDate(attempts[1].1, ${zone}) >= {to:Date},
            [('', 'attempt', 'other_period')],
            place NOT IN (1, if(is_flaky, failed, 1), if(is_flaky, passed, 1)),
            [('', 'attempt', 'further_attempt')],
            arrayFilter(
                one -> one.2 != '',
                [
                    ('denominator', if(place = 1, 'first_attempt', ''), ''),
                    ('numerator', if(is_flaky AND place = failed, 'first_failure', ''), ''),
                    ('numerator', if(is_flaky AND place = passed, 'passed', ''), '')
                ]
            )
        ) AS claim
        WHERE claim.3 != 'other_period' OR (toDate(at, ${zone}) >= {from:Date} AND toDate(at, ${zone}) < {to:Date})
        UNION ALL
        SELECT
            1 AS counted, 'value' AS part, 'milestone' AS fact_kind, toString(milestone) AS fact, ttp_milestones.at AS fact_at, 'reached' AS role,
            toString(origin) AS rule, '' AS reason,
            if(origin = 'catalog', told.1, source) AS source, if(origin = 'catalog', told.2, event) AS event,
            if(origin = 'delivery', 'delivery', toString(origin)) AS kind, ttp_milestones.at AS at
        FROM
        (
            SELECT
                *,
                (
                    -- The catalog's word for the beginning: the event that says this date, the earliest observed.
                    SELECT argMin((source, id), rank)
                    FROM catalog_facts
                    WHERE kind = 'service' AND JSONExtractString(data, 'service') = {service:String}
                        AND (JSONExtractString(data, 'onboarded_at') != '' OR JSONExtractString(data, 'valid_from') != '')
                ) AS told
            FROM ttp_milestones
            WHERE family = 'ttp' AND service = {service:String}
        ) AS ttp_milestones
    )
SELECT
    {service:String} AS service,
    coalesce(nullIf(owners.team, ''), 'unknown') AS team,
    {metric:String} AS metric,
    told.counted AS counted,
    told.part AS part,
    told.fact_kind AS fact_kind,
    told.fact AS fact,
    told.fact_at AS fact_at,
    told.role AS role,
    if(told.is_listed, told.rule, '') AS rule,
    multiIf(
        is_listed OR told.reason != '', told.reason,
        family = 'ttp', 'not_first',
        family = 'lead' AND stage = '' AND told.kind = 'merge', 'stage_of_a_change',
        is_fact_listed, 'told_by_another_event',
        'other_period'
    ) AS reason,
    told.source AS source,
    told.event AS event,
    if(told.known_kind != '', told.known_kind, told.kind) AS kind,
    told.at AS at,
    multiIf(told.source = '' OR told.kind = 'catalog', '', told.known_rule != '', told.known_rule, 'context') AS service_rule
FROM
(
    -- One pass over both: an event that is listed is not listed again as looked at, and lends what is known of it.
    SELECT
        *,
        coalesce(fact_at, at) AS owned_at,
        materialize({service:String}) AS owned,
        max(is_listed) OVER (PARTITION BY source, event) AS is_event_listed,
        max(is_listed) OVER (PARTITION BY fact) AS is_fact_listed,
        max(if(is_listed, '', kind)) OVER (PARTITION BY source, event) AS known_kind,
        max(if(is_listed, '', rule)) OVER (PARTITION BY source, event) AS known_rule
    FROM
    (
        SELECT 1 AS is_listed, 1 AS is_inside, counted, part, fact_kind, fact, toNullable(fact_at) AS fact_at, role, rule, reason, source, event, kind, at
        FROM listed
        UNION ALL
        SELECT
            0 AS is_listed,
            toDate(evidence.at, ${zone}) >= {from:Date} AND toDate(evidence.at, ${zone}) < {to:Date}
                AND has(
                    multiIf(
                        family = 'frequency', ['deployment'],
                        family = 'lead', ['push', 'merge', 'deployment'],
                        family IN ('fail', 'rework', 'recovery'), ['deployment', 'incident'],
                        family = 'incidents', ['incident'],
                        family = 'ci', ['ci_run'],
                        family = 'ttp', ['push', 'merge', 'deployment', 'ci_run'],
                        []
                    ),
                    toString(evidence.kind)
                ) AS is_inside,
            0 AS counted, '' AS part, '' AS fact_kind, fact, NULL AS fact_at, '' AS role, toString(evidence.rule) AS rule, toString(evidence.reason) AS reason,
            source, event, toString(evidence.kind) AS kind, evidence.at AS at
        FROM evidence
        WHERE service = {service:String}
    )
) AS told
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
    ON owners.name = told.owned AND told.owned_at >= owners.valid_from
WHERE told.is_listed OR (told.is_inside AND NOT told.is_event_listed);

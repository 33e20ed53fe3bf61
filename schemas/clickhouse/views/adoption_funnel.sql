-- question: How far is each team on its way into a platform service?
-- grain: platform service x team that has access or has called; for runs and deployments the first counted use is both calls
-- owner: platform-analytics
-- needs: as_of, adoption_calls, adoption_use, platform_services, catalog_facts, catalog_teams
CREATE OR REPLACE VIEW adoption_funnel ${on_cluster}
(
    service         String COMMENT 'Platform service',
    team            String COMMENT 'Team; unknown for calls that no team is known of, which no ratio counts',
    granted_at      Nullable(DateTime64(6, 'UTC')) COMMENT 'Access first granted; NULL when the catalog does not say',
    onboarded_at    Nullable(DateTime64(6, 'UTC')) COMMENT 'First onboarded; NULL when the catalog does not say',
    entered_at      Nullable(DateTime64(6, 'UTC')) COMMENT 'Step 1: granted or onboarded, whichever came first; NULL when the catalog says neither',
    first_call_at   Nullable(DateTime64(6, 'UTC')) COMMENT 'Step 2: first call of any outcome; NULL while there is none',
    first_ok_at     Nullable(DateTime64(6, 'UTC')) COMMENT 'Step 3: first successful call; NULL while there is none',
    sustained_at    Nullable(DateTime64(6, 'UTC')) COMMENT 'Step 4: first use on the third active day of the 7 local days after the day of step 3; NULL while, or when, there are not three',
    gave_up_at      Nullable(DateTime64(6, 'UTC')) COMMENT 'Access taken back, opted out or team dissolved; NULL while none of it holds',
    step            LowCardinality(String) COMMENT 'Furthest step reached: entered, first_call, first_ok or sustained',
    step_at         DateTime64(6, 'UTC') COMMENT 'When it was reached',
    elapsed_seconds Float64 COMMENT 'In that step until now, or until it gave up',
    is_open         UInt8 COMMENT '1 while a further step can be taken: not sustained, not given up; step 4 is tried once',
    is_out_of_order UInt8 COMMENT '1 when it called before it had access: no conversion from step 1 to 2',
    entered_to_first_call_seconds Nullable(Float64) COMMENT 'Step 1 to 2; NULL when either is unknown or they are out of order',
    first_call_to_first_ok_seconds Nullable(Float64) COMMENT 'Step 2 to 3; NULL when either is unknown',
    first_ok_to_sustained_seconds Nullable(Float64) COMMENT 'Step 3 to 4; NULL when either is unknown'
)
AS
WITH
    granted AS
    (
        SELECT
            service,
            team,
            minOrNullIf(facts.at, relation = 'granted' AND removed = 0) AS granted_at,
            minOrNullIf(facts.at, relation = 'onboarded' AND removed = 0) AS onboarded_at,
            -- The last word: access that was given again is not taken back.
            argMax((relation = 'opted_out') != removed, rank) AS is_taken_back,
            max(facts.at) AS last_at
        FROM
        (
            SELECT
                at,
                rank,
                removed,
                JSONExtractString(data, 'service') AS service,
                JSONExtractString(data, 'team') AS team,
                JSONExtractString(data, 'relation') AS relation
            FROM catalog_facts
            WHERE kind = 'grant' AND relation IN ('granted', 'onboarded', 'opted_out')
        ) AS facts
        WHERE service IN (SELECT service FROM platform_services)
        GROUP BY service, team
        HAVING isNotNull(granted_at) OR isNotNull(onboarded_at)
    ),
    called AS
    (
        SELECT
            service,
            team,
            toNullable(min(days.first_at)) AS first_call_at,
            min(days.first_ok_at) AS first_ok_at,
            toDate(first_ok_at, ${zone}) AS ok_day,
            arraySort(groupArrayIf((day, days.first_ok_at), is_active)) AS active_days,
            arrayFilter(active -> active.1 > ok_day AND active.1 <= ok_day + 7, active_days)[3].2 AS sustained_at
        FROM
        (
            SELECT
                service, team, day, sum(ok_uses) >= any(active_min) AS is_active, min(calls.first_at) AS first_at, min(calls.first_ok_at) AS first_ok_at
            FROM
            (
                SELECT service, team, day, active_min, ok_requests AS ok_uses, first_at, first_ok_at
                FROM adoption_calls
                UNION ALL
                SELECT service, team, day, active_min, uses AS ok_uses, first_at, toNullable(first_at) AS first_ok_at
                FROM adoption_use
                WHERE use != 'api'
            ) AS calls
            GROUP BY service, team, day
        ) AS days
        GROUP BY service, team
    ),
    steps AS
    (
        SELECT
            pairs.service AS service,
            pairs.team AS team,
            granted.granted_at AS granted_at,
            granted.onboarded_at AS onboarded_at,
            least(coalesce(granted.granted_at, granted.onboarded_at), coalesce(granted.onboarded_at, granted.granted_at)) AS entered_at,
            called.first_call_at AS first_call_at,
            called.first_ok_at AS first_ok_at,
            called.sustained_at AS sustained_at,
            if(granted.is_taken_back, granted.last_at, NULL) AS taken_back_at,
            if(teams.valid_to <= now.at, teams.valid_to, NULL) AS dissolved_at,
            least(coalesce(taken_back_at, dissolved_at), coalesce(dissolved_at, taken_back_at)) AS gave_up_at,
            now.at AS now_at
        FROM (SELECT service, team FROM granted UNION DISTINCT SELECT service, team FROM called) AS pairs
        LEFT JOIN granted ON granted.service = pairs.service AND granted.team = pairs.team
        LEFT JOIN called ON called.service = pairs.service AND called.team = pairs.team
        LEFT JOIN catalog_teams AS teams ON teams.team = pairs.team
        CROSS JOIN (SELECT assumeNotNull(at) AS at FROM as_of WHERE isNotNull(at)) AS now
    )
SELECT
    service,
    team,
    granted_at,
    onboarded_at,
    entered_at,
    first_call_at,
    first_ok_at,
    sustained_at,
    gave_up_at,
    multiIf(isNotNull(sustained_at), 'sustained', isNotNull(first_ok_at), 'first_ok', isNotNull(first_call_at), 'first_call', 'entered') AS step,
    assumeNotNull(coalesce(sustained_at, first_ok_at, first_call_at, entered_at)) AS step_at,
    greatest(0, dateDiff('microsecond', step_at, least(coalesce(gave_up_at, now_at), now_at))) / 1e6 AS elapsed_seconds,
    isNull(sustained_at) AND isNull(gave_up_at) AS is_open,
    coalesce(first_call_at < entered_at, 0) AS is_out_of_order,
    if(is_out_of_order, NULL, dateDiff('microsecond', entered_at, first_call_at) / 1e6) AS entered_to_first_call_seconds,
    dateDiff('microsecond', first_call_at, first_ok_at) / 1e6 AS first_call_to_first_ok_seconds,
    dateDiff('microsecond', first_ok_at, sustained_at) / 1e6 AS first_ok_to_sustained_seconds
FROM steps;

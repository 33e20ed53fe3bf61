-- question: How far is each team on its way into a platform service?
-- grain: platform service x team that has access or has called; for runs and deployments the first counted use is both calls
-- owner: platform-analytics
-- needs: as_of, adoption_calls, platform_services, catalog_facts, catalog_teams
CREATE OR REPLACE VIEW adoption_funnel ${on_cluster}
(
    service         String COMMENT 'Platform service',
    team            String COMMENT 'Team; unknown for calls that no team is known of, which no ratio counts',
    granted_at      Nullable(DateTime64(6, 'UTC')) COMMENT 'Start of the day on which access was first granted, in the tenant''s zone; NULL when the catalog does not say',
    onboarded_at    Nullable(DateTime64(6, 'UTC')) COMMENT 'Start of the day on which it was first onboarded; NULL when the catalog does not say',
    entered_at      Nullable(DateTime64(6, 'UTC')) COMMENT 'Step 1: granted or onboarded, whichever came first; NULL when the catalog says neither',
    first_call_at   Nullable(DateTime64(6, 'UTC')) COMMENT 'Step 2: first call of any outcome; NULL while there is none',
    first_ok_at     Nullable(DateTime64(6, 'UTC')) COMMENT 'Step 3: first successful call; NULL while there is none',
    sustained_at    Nullable(DateTime64(6, 'UTC')) COMMENT 'Step 4: first use on the third active day of the 7 local days after the day of step 3; NULL while, or when, there are not three',
    gave_up_at      Nullable(DateTime64(6, 'UTC')) COMMENT 'Start of the day on which access was taken back, or the team opted out or was dissolved; NULL while none of it holds',
    step            LowCardinality(String) COMMENT 'Furthest step reached: entered, first_call, first_ok or sustained',
    step_at         DateTime64(6, 'UTC') COMMENT 'When it was reached',
    elapsed_seconds Float64 COMMENT 'In that step until now, or until it gave up',
    is_open         UInt8 COMMENT '1 while a further step can be taken: not sustained, not given up; step 4 is tried once',
    is_out_of_order UInt8 COMMENT '1 when it called before the day on which it got access: no conversion from step 1 to 2',
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
            minOrNullIf(day_start, relation = 'granted' AND removed = 0) AS granted_at,
            minOrNullIf(day_start, relation = 'onboarded' AND removed = 0) AS onboarded_at,
            -- Either kind of access is access. Given again after an opting out, it is not taken back.
            argMaxIf(removed, rank, relation = 'granted') = 0 AND isNotNull(granted_at)
                OR argMaxIf(removed, rank, relation = 'onboarded') = 0 AND isNotNull(onboarded_at) AS has_access,
            argMaxIf(removed = 0, rank, relation = 'opted_out')
                AND maxIf(rank, relation = 'opted_out') > maxIf(rank, relation != 'opted_out' AND removed = 0) AS is_opted_out,
            is_opted_out OR NOT has_access AS is_taken_back,
            max(day_start) AS last_at
        FROM
        (
            SELECT
                day_start,
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
                service, team, day, sum(calls.uses) >= any(active_min) AS is_active, min(calls.first_at) AS first_at, min(calls.first_ok_at) AS first_ok_at
            FROM adoption_calls AS calls
            GROUP BY service, team, day
        ) AS days
        GROUP BY service, team
    ),
    -- Not a join of the two: what is named twice is read twice.
    pairs AS
    (
        SELECT
            service,
            team,
            any(told.granted_at) AS granted_at,
            any(told.onboarded_at) AS onboarded_at,
            any(told.taken_back_at) AS taken_back_at,
            any(told.first_call_at) AS first_call_at,
            any(told.first_ok_at) AS first_ok_at,
            any(told.sustained_at) AS sustained_at
        FROM
        (
            SELECT
                service, team, granted_at, onboarded_at, if(is_taken_back, last_at, NULL) AS taken_back_at,
                NULL AS first_call_at, NULL AS first_ok_at, NULL AS sustained_at
            FROM granted
            UNION ALL
            SELECT service, team, NULL, NULL, NULL, first_call_at, first_ok_at, sustained_at
            FROM called
        ) AS told
        GROUP BY service, team
    ),
    steps AS
    (
        SELECT
            pairs.service AS service,
            pairs.team AS team,
            pairs.granted_at AS granted_at,
            pairs.onboarded_at AS onboarded_at,
            least(coalesce(pairs.granted_at, pairs.onboarded_at), coalesce(pairs.onboarded_at, pairs.granted_at)) AS entered_at,
            pairs.first_call_at AS first_call_at,
            pairs.first_ok_at AS first_ok_at,
            pairs.sustained_at AS sustained_at,
            if(teams.valid_to <= now.at, teams.valid_to, NULL) AS dissolved_at,
            least(coalesce(pairs.taken_back_at, dissolved_at), coalesce(dissolved_at, pairs.taken_back_at)) AS gave_up_at,
            now.at AS now_at
        FROM pairs
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

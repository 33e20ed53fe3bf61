-- question: How long does a new team take from its own start to production?
-- grain: team; only teams with a declared date
-- owner: platform-analytics
-- needs: as_of, catalog_teams, milestones, observations
-- columns: ttp_teams
CREATE OR REPLACE VIEW ttp_team_starts ${on_cluster}
(
${columns}
)
AS
WITH
    (SELECT mapFromArrays(groupArray(source), groupArray(observed_since)) FROM observations) AS declared,
    (SELECT at FROM as_of) AS now_at,
    arrivals AS
    (
        SELECT
            team,
            min(milestones.at) AS arrived_at,
            argMin(milestones.service, (milestones.at, milestones.service)) AS first_service,
            argMin(milestones.source, (milestones.at, milestones.service)) AS first_source
        FROM milestones
        WHERE milestone = 'first_production_deployment' AND team != 'unknown'
        GROUP BY team
    ),
    begun AS
    (
        SELECT
            teams.team AS team,
            teams.valid_from AS started_at,
            arrivals.first_service AS service,
            arrivals.first_source AS source,
            if(service = '', NULL, arrivals.arrived_at) AS first_arrival,
            if(isNull(first_arrival) OR first_arrival > teams.valid_to, teams.valid_to, NULL) AS given_up_at,
            if(isNull(given_up_at), first_arrival, NULL) AS finished_at,
            assumeNotNull(coalesce(finished_at, least(given_up_at, now_at), now_at)) AS ended_at,
            multiIf(
                source != '' AND mapContains(declared, source), toNullable(declared[source]),
                source != '' AND mapContains(declared, '*'), toNullable(declared['*']),
                source = '' AND notEmpty(mapValues(declared)), toNullable(arrayMin(mapValues(declared))),
                NULL
            ) AS observed_since
        FROM (SELECT team, valid_from, valid_to FROM catalog_teams WHERE assumed = 0 AND is_implied = 0) AS teams
        LEFT JOIN arrivals ON arrivals.team = teams.team
        WHERE teams.valid_from <= now_at
    )
SELECT
    begun.team AS team,
    'team_created' AS start,
    toUInt64(1) AS nth,
    if(isNull(begun.finished_at), '', begun.service) AS service,
    begun.started_at AS started_at,
    toStartOfMonth(toDate(begun.started_at, ${zone})) AS period_start,
    begun.finished_at AS finished_at,
    multiIf(
        isNotNull(begun.finished_at), 'done',
        isNotNull(begun.given_up_at) AND begun.given_up_at <= begun.ended_at, 'archived',
        'open'
    ) AS status,
    status != 'done' AS is_open,
    if(is_open, NULL, elapsed_seconds) AS value_seconds,
    dateDiff('microsecond', begun.started_at, begun.ended_at) / 1e6 AS elapsed_seconds,
    coalesce(begun.first_arrival < begun.started_at, 0) OR coalesce(begun.started_at < begun.observed_since, 0) AS is_left_truncated
FROM begun;

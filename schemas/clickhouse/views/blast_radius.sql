-- question: How far did an incident reach: how many requests failed while it lasted, and of which teams?
-- grain: service x incident x episode (a reopening is an episode of its own); those that are attributed to no deployment, too
-- owner: platform-analytics
-- needs: incidents, reliability_minutes, failed_requests, as_of
-- Counted are the minutes that the episode touches, until now while it is open. Without any traffic in them the numbers of
-- requests are NULL: a gateway that was silent has not counted zero failures.
CREATE OR REPLACE VIEW blast_radius ${on_cluster}
(
    service     String COMMENT 'Service',
    team        String COMMENT 'Team that owned the service then; unknown when the catalog does not say',
    incident    String COMMENT 'Provider''s id',
    episode     UInt16 COMMENT '0, then 1 for each reopening',
    at          DateTime64(6, 'UTC') COMMENT 'When it began',
    day         Date COMMENT 'Its day, in the tenant''s zone',
    resolved_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was resolved; NULL while open',
    seconds     Nullable(Float64) COMMENT 'How long it lasted; NULL while open',
    release     String COMMENT 'Release that it is attributed to; empty when none',
    rule        LowCardinality(String) COMMENT 'deployment, commit, version, window or unattributed',
    failed      Nullable(UInt64) COMMENT 'Requests that failed; NULL when there was no traffic',
    requests    Nullable(UInt64) COMMENT 'Requests that were made; NULL when there was no traffic',
    null_reason LowCardinality(String) COMMENT 'no_traffic; empty when there was some',
    failed_unknown Nullable(UInt64) COMMENT 'Those of failed of which no team is known; NULL when there was no traffic',
    teams       UInt64 COMMENT 'Teams whose requests failed; unknown is none',
    team_names  Array(String) COMMENT 'Which they are, unknown among them',
    team_failed Array(UInt64) COMMENT 'Requests of each of those that failed: they add up to failed',
    consumers   UInt64 COMMENT 'Caller identities whose requests failed; callers without one are none'
)
AS
WITH
    episodes AS
    (
        SELECT
            incidents.service AS service, team, incident, episode, incidents.at AS at, resolved_at, release, rule,
            toUInt32(intDiv(toUnixTimestamp64Micro(incidents.at), 60000000) * 60) AS from_second,
            coalesce(toUnixTimestamp64Micro(resolved_at) / 1e6, toUnixTimestamp64Micro((SELECT assumeNotNull(as_of.at) FROM as_of)) / 1e6 + 1) AS to_second
        FROM incidents
    ),
    -- The hours in between, so that minutes meet only the episodes of their hour.
    hours AS
    (
        SELECT
            service, incident, episode, at, from_second, to_second,
            toDateTime(arrayJoin(range(intDiv(from_second, 3600), toUInt64(ceil(to_second / 3600)))) * 3600, 'UTC') AS hour
        FROM episodes
    ),
    made AS
    (
        SELECT hours.service AS service, hours.incident AS incident, hours.episode AS episode, hours.at AS at, sum(minutes.requests) AS requests
        FROM hours
        INNER JOIN (SELECT service, hour, toUnixTimestamp(minute) AS second, reliability_minutes.requests AS requests FROM reliability_minutes) AS minutes
            ON minutes.service = hours.service AND minutes.hour = hours.hour
        WHERE minutes.second >= hours.from_second AND minutes.second < hours.to_second
        GROUP BY service, incident, episode, at
    ),
    hit AS
    (
        SELECT
            hours.service AS service, hours.incident AS incident, hours.episode AS episode, hours.at AS at,
            sum(failures.failed) AS failed,
            sumIf(failures.failed, failures.team = 'unknown') AS failed_unknown,
            -- Names in order, and a number for each.
            sumMap([failures.team], [failures.failed]) AS teams,
            uniqExactIf(failures.consumer, failures.consumer != '') AS consumers
        FROM hours
        INNER JOIN (SELECT service, hour, toUnixTimestamp(minute) AS second, team, consumer, failed_requests.failed AS failed FROM failed_requests) AS failures
            ON failures.service = hours.service AND failures.hour = hours.hour
        WHERE failures.second >= hours.from_second AND failures.second < hours.to_second
        GROUP BY service, incident, episode, at
    )
SELECT
    episodes.service AS service,
    episodes.team AS team,
    episodes.incident AS incident,
    episodes.episode AS episode,
    episodes.at AS at,
    toDate(episodes.at, ${zone}) AS day,
    episodes.resolved_at AS resolved_at,
    dateDiff('microsecond', episodes.at, episodes.resolved_at) / 1e6 AS seconds,
    episodes.release AS release,
    episodes.rule AS rule,
    if(made.requests = 0, NULL, hit.failed) AS failed,
    nullIf(made.requests, 0) AS requests,
    if(made.requests = 0, 'no_traffic', '') AS null_reason,
    if(made.requests = 0, NULL, hit.failed_unknown) AS failed_unknown,
    length(arrayFilter(name -> name != 'unknown', hit.teams.1)) AS teams,
    hit.teams.1 AS team_names,
    hit.teams.2 AS team_failed,
    hit.consumers AS consumers
FROM episodes
LEFT JOIN made
    ON made.service = episodes.service AND made.incident = episodes.incident AND made.episode = episodes.episode AND made.at = episodes.at
LEFT JOIN hit
    ON hit.service = episodes.service AND hit.incident = episodes.incident AND hit.episode = episodes.episode AND hit.at = episodes.at;

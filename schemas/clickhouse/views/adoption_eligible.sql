-- question: Which teams could use a platform service in a period, and which teams did?
-- grain: platform service x observed period x population; parameters from, to (days, to exclusive), grain (day, week, month, quarter, natural: of each service its own, range: all days between them)
-- owner: platform-analytics
-- needs: adoption_use_by, adoption_periods, as_of, catalog_grants, catalog_teams
-- A population is taken at the period's last instant (now while it runs), of teams that exist in the catalog then: all;
-- applicable (eligible, granted or onboarded, and not opted out); alternatives (on a declared alternative, or active).
-- Where the catalog never said to whom the service applies, applicable has no rate and all is the default.
CREATE OR REPLACE VIEW adoption_eligible ${on_cluster}
(
    service      String COMMENT 'Platform service',
    grain        String COMMENT 'day, week (ISO: from Monday), month, quarter or range',
    population   LowCardinality(String) COMMENT 'all, applicable or alternatives',
    is_default   UInt8 COMMENT '1 for the declared default: applicable, or all where the catalog does not say to whom it applies',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while it runs',
    teams        Array(String) COMMENT 'Teams of the population',
    users        Array(String) COMMENT 'Active teams, in the population or not; unknown among them',
    tried        Array(String) COMMENT 'Teams with any counted use in the period, active or not',
    null_reason  LowCardinality(String) COMMENT 'Why there is no rate: not_said (to whom it applies), no_alternative (declared), no_team; empty when there is one'
)
AS
WITH
    -- As a constant: read once though it is needed three times.
    (
        SELECT groupArray((service, grain, period_start, period_end, is_partial, ends_at))
        FROM ${database}.adoption_periods(from = {from:Date}, to = {to:Date}, grain = {grain:String})
    ) AS observed,
    -- `after`: one microsecond past the last instant that counts, the end of the period, or now while it runs.
    spine AS
    (
        SELECT
            row.1 AS service, row.2 AS grain, row.3 AS period_start, row.4 AS period_end, row.5 AS is_partial,
            least(row.6, assumeNotNull((SELECT at FROM as_of)) + INTERVAL 1 MICROSECOND) AS after
        FROM (SELECT arrayJoin(observed) AS row)
    ),
    existing AS
    (
        SELECT instants.after AS after, groupUniqArray(teams.team) AS teams
        FROM (SELECT DISTINCT after FROM spine) AS instants
        CROSS JOIN catalog_teams AS teams
        WHERE teams.valid_from < instants.after AND (isNull(teams.valid_to) OR teams.valid_to >= instants.after)
        GROUP BY after
    ),
    -- Intervals of (team, from, to) by relation. Whether the catalog ever said it decides, not whether it holds now: so
    -- the default does not change along a trend.
    said AS
    (
        SELECT
            service,
            groupArrayIf((team, valid_from, valid_to), relation NOT IN ('opted_out', 'alternative')) AS applicable,
            groupArrayIf((team, valid_from, valid_to), relation = 'opted_out') AS opted_out,
            groupArrayIf((team, valid_from, valid_to), relation = 'alternative') AS alternative
        FROM catalog_grants
        GROUP BY service
    ),
    active AS
    (
        SELECT
            service,
            period_start,
            groupArrayIf(team, is_active) AS users,
            groupUniqArrayArray(teams) AS tried
        FROM
        (
            SELECT service, period_start, team, sum(uses) >= any(active_min) AS is_active, groupUniqArrayArray(used.teams) AS teams
            FROM ${database}.adoption_use_by(from = {from:Date}, to = {to:Date}, grain = {grain:String}) AS used
            GROUP BY service, period_start, team
        )
        GROUP BY service, period_start
    )
SELECT
    facts.service AS service,
    facts.grain AS grain,
    choice.1 AS population,
    choice.2 AS is_default,
    facts.period_start AS period_start,
    facts.period_end AS period_end,
    facts.is_partial AS is_partial,
    arraySort(arrayFilter(team -> has(existing, team), choice.3)) AS teams,
    facts.users AS users,
    facts.tried AS tried,
    multiIf(choice.4 != '', choice.4, empty(teams), 'no_team', '') AS null_reason
FROM
(
    SELECT
        spine.service AS service,
        spine.grain AS grain,
        spine.period_start AS period_start,
        spine.period_end AS period_end,
        spine.is_partial AS is_partial,
        existing.teams AS existing,
        arraySort(active.users) AS users,
        arraySort(active.tried) AS tried,
        said.applicable AS applicable,
        said.alternative AS alternative,
        arrayFilter(one -> one.2 < spine.after AND coalesce(one.3 >= spine.after, 1), said.applicable).1 AS applicable_now,
        arrayFilter(one -> one.2 < spine.after AND coalesce(one.3 >= spine.after, 1), said.opted_out).1 AS opted_out_now,
        arrayFilter(one -> one.2 < spine.after AND coalesce(one.3 >= spine.after, 1), said.alternative).1 AS alternative_now
    FROM spine
    LEFT JOIN existing ON existing.after = spine.after
    LEFT JOIN said ON said.service = spine.service
    LEFT JOIN active ON active.service = spine.service AND active.period_start = spine.period_start
) AS facts
ARRAY JOIN
[
    ('all', toUInt8(empty(applicable)), existing, ''),
    (
        'applicable',
        toUInt8(notEmpty(applicable)),
        arrayFilter(team -> NOT has(opted_out_now, team), arrayDistinct(applicable_now)),
        if(empty(applicable), 'not_said', '')
    ),
    (
        'alternatives',
        toUInt8(0),
        if(empty(alternative), [], arrayDistinct(arrayConcat(alternative_now, users))),
        if(empty(alternative), 'no_alternative', '')
    )
] AS choice;

-- question: Which of today's teams go on what a former team did?
-- grain: former team x interval x team of today; no row: the team goes on as itself
-- owner: platform-analytics
-- needs: catalog_facts, catalog_teams
CREATE OR REPLACE VIEW catalog_lineage ${on_cluster}
(
    team       String COMMENT 'Team as it was called then',
    valid_from DateTime64(6, 'UTC') COMMENT 'First instant whose facts of the team go to today''s team',
    valid_to   DateTime64(6, 'UTC') COMMENT 'First instant no longer; the end of time when the name is gone for good',
    today      String COMMENT 'Team of today: renamed, merged and split as often as that happened since',
    lineage    LowCardinality(String) COMMENT 'What happened at first: renamed, merged or split',
    changed_at DateTime64(6, 'UTC') COMMENT 'When: start of that day in the tenant''s zone',
    successors UInt32 COMMENT 'Teams of today that go on this team; more than one: the owner today of each service or caller decides'
)
AS
WITH RECURSIVE
    -- What is said without a date again and again happened once.
    said AS
    (
        SELECT
            former,
            team,
            lineage,
            arrayJoin(if(notEmpty(groupUniqArrayIf(day_start, is_dated)), groupUniqArrayIf(day_start, is_dated), [min(day_start)])) AS at
        FROM
        (
            SELECT
                day_start,
                JSONExtractString(data, 'team') AS team,
                JSONExtractString(data, 'lineage') AS lineage,
                JSONExtractString(data, 'valid_from') != '' AS is_dated,
                arrayJoin(JSONExtract(data, 'predecessors', 'Array(String)')) AS former
            FROM catalog_facts
            WHERE kind = 'team' AND removed = 0
        )
        WHERE former != team AND lineage != ''
        GROUP BY former, team, lineage
    ),
    -- All that became of a team on one day. A split team may go on beside those that were made of it.
    changes AS
    (
        SELECT
            said.former AS former,
            said.at AS at,
            max(said.lineage) AS lineage,
            -- Named again, later, as a team: it exists. Of a split one it is enough that nobody says it ended.
            max(named.last_at > said.at OR said.lineage = 'split' AND teams.team != '' AND coalesce(teams.valid_to > said.at, 1)) AS goes_on,
            arrayConcat(groupUniqArray(said.team), if(goes_on AND lineage = 'split', [said.former], [])) AS heirs
        FROM said
        LEFT JOIN (SELECT team, valid_to FROM catalog_teams) AS teams ON teams.team = said.former
        LEFT JOIN
        (
            SELECT JSONExtractString(data, 'team') AS team, max(day_start) AS last_at
            FROM catalog_facts
            WHERE kind = 'team' AND removed = 0
            GROUP BY team
        ) AS named ON named.team = said.former
        GROUP BY former, at
    ),
    edges AS
    (
        SELECT
            former,
            at,
            lineage,
            goes_on,
            lagInFrame(at, 1, toDateTime64('2000-01-01 00:00:00', 6, 'UTC')) OVER history AS before_at,
            leadInFrame(at, 1, toDateTime64('2200-01-01 00:00:00', 6, 'UTC')) OVER history AS next_at,
            heirs
        FROM changes
        WINDOW history AS (PARTITION BY former ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    heirs_of AS
    (
        SELECT former, at, before_at, arrayJoin(heirs) AS heir FROM edges
    ),
    -- From heir to heir, forward in time, so that names exchanged or taken back end somewhere.
    walk AS
    (
        SELECT former AS team, at AS changed_at, heir AS today, at AS since FROM heirs_of
        UNION ALL
        SELECT walk.team AS team, walk.changed_at AS changed_at, heirs_of.heir AS today, heirs_of.at AS since
        FROM walk
        INNER JOIN heirs_of ON heirs_of.former = walk.today
        WHERE heirs_of.at > walk.since AND heirs_of.before_at <= walk.since
    )
SELECT
    ended.team AS team,
    edges.before_at AS valid_from,
    if(edges.next_at < toDateTime64('2200-01-01 00:00:00', 6, 'UTC') OR edges.goes_on, edges.at, edges.next_at) AS valid_to,
    ended.today AS today,
    edges.lineage AS lineage,
    ended.changed_at AS changed_at,
    count() OVER (PARTITION BY ended.team, ended.changed_at) AS successors
FROM
(
    SELECT DISTINCT walk.team AS team, walk.changed_at AS changed_at, walk.today AS today
    FROM walk
    LEFT JOIN (SELECT former, max(at) AS last_at FROM edges GROUP BY former) AS later ON later.former = walk.today
    WHERE walk.since >= later.last_at OR later.former = ''
) AS ended
INNER JOIN edges ON edges.former = ended.team AND edges.at = ended.changed_at;

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
WITH
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
            lagInFrame(at, 1, toDateTime64('2000-01-01 00:00:00', 6, 'UTC')) OVER history AS before_at,
            leadInFrame(at, 1, toDateTime64('2200-01-01 00:00:00', 6, 'UTC')) OVER history AS next_at,
            if(next_at < toDateTime64('2200-01-01 00:00:00', 6, 'UTC') OR goes_on, at, next_at) AS ends_at,
            lineage,
            heirs
        FROM changes
        WINDOW history AS (PARTITION BY former ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    -- From heir to heir, forward in time, so that names exchanged or taken back end somewhere: the last change first, as
    -- what became of an heir is known then. In one pass: a query that joins itself is planned anew for each of its uses.
    ended AS
    (
        SELECT arrayFold(
            (later, edge) -> arrayPushBack(later, (
                edge.1, edge.2, edge.3, edge.4, edge.5,
                arrayDistinct(arrayFlatten(arrayMap(
                    heir -> if(
                        arrayExists(next -> next.1 = heir AND next.2 > edge.2 AND next.3 <= edge.2, later),
                        arrayFirst(next -> next.1 = heir AND next.2 > edge.2 AND next.3 <= edge.2, later).6,
                        [heir]
                    ),
                    edge.6
                )))
            )),
            arrayReverseSort(edge -> edge.2, groupArray((former, at, before_at, ends_at, lineage, heirs))),
            CAST(
                [],
                'Array(Tuple(String, DateTime64(6, \'UTC\'), DateTime64(6, \'UTC\'), DateTime64(6, \'UTC\'), String, Array(String)))'
            )
        ) AS changes
        FROM edges
    )
SELECT
    change.1 AS team,
    change.3 AS valid_from,
    change.4 AS valid_to,
    today,
    change.5 AS lineage,
    change.2 AS changed_at,
    toUInt64(length(change.6)) AS successors
FROM (SELECT arrayJoin(ended.changes) AS change FROM ended)
ARRAY JOIN change.6 AS today;

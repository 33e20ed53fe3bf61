-- question: How many platform services has each team used, and how long was it from the first to the second?
-- grain: team that exists, or that used one; unknown is a row of its own
-- owner: platform-analytics
-- needs: as_of, adoption_use, catalog_teams
CREATE OR REPLACE VIEW adoption_breadth ${on_cluster}
(
    team                    String COMMENT 'Team; unknown for use that no team is known of',
    is_existing             UInt8 COMMENT '1 while the team exists; 0 for dissolved ones and those that the catalog does not know',
    services                UInt64 COMMENT 'Platform services with at least one counted use; 0 is observed',
    names                   Array(String) COMMENT 'Which they are, in the order of their first use',
    first_service           String COMMENT 'The first; empty when there is none',
    first_at                Nullable(DateTime64(6, 'UTC')) COMMENT 'First counted use of the first',
    second_service          String COMMENT 'The second; empty when there is none',
    second_at               Nullable(DateTime64(6, 'UTC')) COMMENT 'First counted use of the second',
    first_to_second_seconds Nullable(Float64) COMMENT 'From the first to the second; NULL while there is no second'
)
AS
SELECT
    team,
    used.is_existing AS is_existing,
    length(firsts) AS services,
    firsts.2 AS names,
    names[1] AS first_service,
    if(services < 1, NULL, firsts[1].1) AS first_at,
    names[2] AS second_service,
    if(services < 2, NULL, firsts[2].1) AS second_at,
    dateDiff('microsecond', first_at, second_at) / 1e6 AS first_to_second_seconds
FROM
(
    SELECT
        team,
        max(teams.is_existing) AS is_existing,
        arraySort(groupArrayIf((used_at, service), service != '')) AS firsts
    FROM
    (
        SELECT team, '' AS service, toDateTime64('2000-01-01 00:00:00', 6, 'UTC') AS used_at, 1 AS is_existing
        FROM catalog_teams
        WHERE isNull(valid_to) OR valid_to > (SELECT at FROM as_of)
        UNION ALL
        SELECT team, service, min(uses.first_at) AS used_at, 0 AS is_existing
        FROM adoption_use AS uses
        GROUP BY team, service
    ) AS teams
    GROUP BY team
) AS used;

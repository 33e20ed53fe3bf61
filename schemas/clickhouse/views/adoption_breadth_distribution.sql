-- question: How many teams use none, one, two, ... platform services?
-- grain: number of platform services, from 0 to the most that a team uses
-- owner: platform-analytics
-- needs: adoption_breadth
CREATE OR REPLACE VIEW adoption_breadth_distribution ${on_cluster}
(
    services UInt64 COMMENT 'Platform services used',
    teams    UInt64 COMMENT 'Existing teams that used exactly so many',
    names    Array(String) COMMENT 'Which they are',
    share    Float64 COMMENT 'Share of the existing teams'
)
AS
SELECT
    number AS services,
    countEqual(counts, number) AS teams,
    arraySort(arrayFilter((name, amount) -> amount = number, found, counts)) AS names,
    teams / length(counts) AS share
FROM
(
    SELECT groupArray(services) AS counts, groupArray(team) AS found
    FROM adoption_breadth
    WHERE is_existing AND team != 'unknown'
)
ARRAY JOIN range(assumeNotNull(arrayMax(counts)) + 1) AS number
WHERE notEmpty(counts);

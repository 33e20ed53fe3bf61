-- question: Which team owned a service or a consumer, from when until when?
-- grain: entity x name x interval; intervals of one name meet without a gap
-- owner: platform-analytics
-- needs: as_of, catalog_facts
CREATE OR REPLACE VIEW catalog_ownership ${on_cluster}
(
    entity     LowCardinality(String) COMMENT 'service or consumer',
    name       String COMMENT 'Service or consumer',
    team       String COMMENT 'Owner; unknown between a closed interval and the next owner',
    valid_from DateTime64(6, 'UTC') COMMENT 'First instant: start of a day in the tenant''s zone',
    valid_to   Nullable(DateTime64(6, 'UTC')) COMMENT 'First instant no longer in it; NULL while it holds',
    assumed    UInt8 COMMENT '1 for the time before the first known owner, which holds back to the beginning'
)
AS
WITH
    said AS
    (
        SELECT
            JSONExtractString(data, 'entity') AS entity,
            JSONExtractString(data, 'name') AS name,
            JSONExtractString(data, 'team') AS team,
            day_start,
            rank,
            removed,
            parseDateTime64BestEffortOrNull(JSONExtractString(data, 'valid_to'), 6, 'UTC') AS ends
        FROM catalog_facts
        WHERE kind = 'ownership'
    ),
    changes AS
    (
        SELECT entity, name, rank, day_start, team, removed FROM said
        UNION ALL
        -- A declared end is the removal of this fact, on that day.
        SELECT
            entity,
            name,
            (assumeNotNull(ends), said.rank.2, said.rank.3, said.rank.4) AS rank,
            toDateTime64(toStartOfDay(assumeNotNull(ends), ${zone}), 6, 'UTC') AS day_start,
            team,
            1 AS removed
        FROM said
        WHERE isNotNull(ends) AND said.removed = 0 AND ends <= (SELECT at FROM as_of)
    ),
    -- (day, owner) of each name in order. Of several changes on one day the last stands. A removal closes only the fact
    -- that it names: an old owner's removal does not take the service from the new one.
    owners AS
    (
        SELECT
            entity,
            name,
            arrayFold(
                (owned, change) -> multiIf(
                    change.4 = 1 AND (empty(owned) OR owned[-1].2 != change.3), owned,
                    notEmpty(owned) AND owned[-1].1 = change.2,
                        arrayPushBack(arrayPopBack(owned), (change.2, if(change.4 = 1, 'unknown', change.3))),
                    arrayPushBack(owned, (change.2, if(change.4 = 1, 'unknown', change.3)))
                ),
                arraySort(groupArray((rank, day_start, team, removed))),
                CAST([], 'Array(Tuple(DateTime64(6, \'UTC\'), String))')
            ) AS owned
        FROM changes
        GROUP BY entity, name
    ),
    -- Saying the same again is no change.
    starts AS
    (
        SELECT
            entity,
            name,
            arrayFilter((start, before) -> start.2 != before, owned, arraySlice(arrayPushFront(owned.2, ''), 1, length(owned))) AS starts
        FROM owners
    )
SELECT
    entity,
    name,
    starts[position].2 AS team,
    if(is_before, toDateTime64('2000-01-01 00:00:00', 6, 'UTC'), starts[position].1) AS valid_from,
    if(is_before, starts[1].1, if(position < length(starts), starts[position + 1].1, NULL)) AS valid_to,
    is_before AS assumed
FROM starts
ARRAY JOIN
    -- The first known owner holds back to the beginning: position 1 comes twice.
    arrayPushFront(arrayEnumerate(starts), 1) AS position,
    arrayPushFront(arrayMap(start -> toUInt8(0), starts), 1) AS is_before
WHERE notEmpty(starts) AND NOT (is_before AND team = 'unknown');

-- question: Which availability objective did a service have, from when until when?
-- grain: service x interval; intervals of one service meet without a gap
-- owner: platform-analytics
-- needs: catalog_facts
CREATE OR REPLACE VIEW slo_objectives ${on_cluster}
(
    service        String COMMENT 'Service',
    objective      Nullable(Float64) COMMENT 'Share of requests that must go well, 0 to 1; NULL while the catalog has none',
    window_days    UInt32 COMMENT 'Length of the rolling window, local days; 0 while there is no objective',
    counts_limited UInt8 COMMENT '1 when the gateway''s own 429 counts against the objective',
    valid_from     DateTime64(6, 'UTC') COMMENT 'First instant: start of a day in the tenant''s zone',
    valid_to       Nullable(DateTime64(6, 'UTC')) COMMENT 'First instant no longer in it; NULL while it holds',
    assumed        UInt8 COMMENT '1 for the time before the first known objective, which holds back to the beginning'
)
AS
WITH
    said AS
    (
        SELECT
            JSONExtractString(data, 'service') AS service,
            rank,
            day_start,
            removed,
            (
                JSONExtract(data, 'objective', 'Float64'),
                if(JSONHas(data, 'window_days'), JSONExtract(data, 'window_days', 'UInt32'), 30),
                toUInt8(JSONExtract(data, 'counts_limited', 'Bool'))
            ) AS slo
        FROM catalog_facts
        WHERE kind = 'slo'
    ),
    -- (day, objective) in order; (0, 0, 0) is none. Of several changes on one day the last stands. A removal closes only
    -- the objective that it names: an old file's removal does not take away what a newer one says.
    held AS
    (
        SELECT
            service,
            arrayFold(
                (held, change) -> multiIf(
                    change.4 = 1 AND (empty(held) OR held[-1].2 != change.3), held,
                    notEmpty(held) AND held[-1].1 = change.2,
                        arrayPushBack(arrayPopBack(held), (change.2, if(change.4 = 1, (0., 0, 0), change.3))),
                    arrayPushBack(held, (change.2, if(change.4 = 1, (0., 0, 0), change.3)))
                ),
                arraySort(groupArray((rank, day_start, slo, removed))),
                CAST([], 'Array(Tuple(DateTime64(6, \'UTC\'), Tuple(Float64, UInt32, UInt8)))')
            ) AS held
        FROM said
        GROUP BY service
    ),
    -- Saying the same again is no change.
    starts AS
    (
        SELECT
            service,
            arrayFilter((start, before) -> start.2 != before, held, arrayPushFront(arrayPopBack(held.2), (0., 0, 0))) AS starts
        FROM held
    )
SELECT
    service,
    if(starts[position].2.1 = 0, NULL, starts[position].2.1) AS objective,
    starts[position].2.2 AS window_days,
    starts[position].2.3 AS counts_limited,
    if(is_before, toDateTime64('2000-01-01 00:00:00', 6, 'UTC'), starts[position].1) AS valid_from,
    if(is_before, starts[1].1, if(position < length(starts), starts[position + 1].1, NULL)) AS valid_to,
    is_before AS assumed
FROM starts
ARRAY JOIN
    -- The first known objective holds back to the beginning: position 1 comes twice.
    arrayPushFront(arrayEnumerate(starts), 1) AS position,
    arrayPushFront(arrayMap(start -> toUInt8(0), starts), 1) AS is_before
WHERE notEmpty(starts);

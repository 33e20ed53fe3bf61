-- question: Which team owned a service or a consumer, from when until when?
-- grain: entity x name x interval; intervals of one name meet without a gap
-- owner: platform-analytics
-- needs: catalog_facts
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
        SELECT entity, name, team, day_start, rank, removed FROM said
        UNION ALL
        -- A declared end is the removal of this fact, on that day.
        SELECT
            entity, name, team,
            toDateTime64(toStartOfDay(assumeNotNull(ends), ${zone}), 6, 'UTC') AS day_start,
            (assumeNotNull(ends), said.rank.2, said.rank.3, said.rank.4) AS rank,
            1 AS removed
        FROM said
        WHERE isNotNull(ends) AND said.removed = 0 AND ends <= (SELECT at FROM as_of)
    ),
    owned AS
    (
        SELECT *, countIf(removed = 0) OVER (PARTITION BY entity, name ORDER BY rank) AS stretch
        FROM changes
    ),
    -- A removal closes only the fact it names: an old owner's removal does not take the service from the new one.
    stretches AS
    (
        SELECT *, first_value(team) OVER (PARTITION BY entity, name, stretch ORDER BY rank) AS owner
        FROM owned
        WHERE stretch > 0
    ),
    closing AS
    (
        SELECT
            entity, name, day_start, rank, owner,
            countIf(removed = 1 AND team = owner) OVER (PARTITION BY entity, name, stretch ORDER BY rank) AS closed
        FROM stretches
    ),
    -- Of several changes on one day the last stands.
    days AS
    (
        SELECT entity, name, day_start, argMax(if(closed > 0, 'unknown', owner), rank) AS team
        FROM closing
        GROUP BY entity, name, day_start
    ),
    -- Saying the same again is no change.
    starts AS
    (
        SELECT *
        FROM
        (
            SELECT
                *,
                lagInFrame(team, 1, '') OVER
                    (PARTITION BY entity, name ORDER BY day_start ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
            FROM days
        )
        WHERE team != before
    )
SELECT
    entity,
    name,
    team,
    if(is_before, toDateTime64('2000-01-01 00:00:00', 6, 'UTC'), since) AS valid_from,
    if(is_before, since, until) AS valid_to,
    is_before AS assumed
FROM
(
    SELECT
        entity,
        name,
        team,
        day_start AS since,
        leadInFrame(toNullable(day_start)) OVER
            (PARTITION BY entity, name ORDER BY day_start ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS until,
        row_number() OVER (PARTITION BY entity, name ORDER BY day_start) AS position
    FROM starts
) AS intervals
ARRAY JOIN if(position = 1 AND team != 'unknown', [toUInt8(1), toUInt8(0)], [toUInt8(0)]) AS is_before;

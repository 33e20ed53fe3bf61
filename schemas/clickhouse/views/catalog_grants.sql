-- question: What was a team to a platform service, from when until when: granted, onboarded, eligible, opted out, on an alternative?
-- grain: team x platform service x relation x interval
-- owner: platform-analytics
-- needs: catalog_facts
CREATE OR REPLACE VIEW catalog_grants ${on_cluster}
(
    team       String COMMENT 'Team',
    service    String COMMENT 'Platform service',
    relation   LowCardinality(String) COMMENT 'granted (access), onboarded, eligible, opted_out, or alternative: uses something else in its place',
    valid_from DateTime64(6, 'UTC') COMMENT 'First instant: start of a day in the tenant''s zone; what is first said without a date holds back to the beginning (assumed)',
    valid_to   Nullable(DateTime64(6, 'UTC')) COMMENT 'First instant no longer in it; NULL while it holds',
    at         DateTime64(6, 'UTC') COMMENT 'Declared start where there is one, else when it was observed',
    assumed    UInt8 COMMENT '1 when it was first said without a date'
)
AS
WITH
    said AS
    (
        SELECT
            JSONExtractString(data, 'team') AS team,
            JSONExtractString(data, 'service') AS service,
            JSONExtractString(data, 'relation') AS relation,
            -- (start of the day, instant, dated, removed) of each fact in order.
            arraySort(fact -> fact.1, groupArray((rank, (day_start, facts.at, JSONExtractString(data, 'valid_from') != '', removed)))).2 AS sayings
        FROM catalog_facts AS facts
        WHERE kind = 'grant'
        GROUP BY team, service, relation
    ),
    -- Only what changes it: saying the same again is no change, nor is closing what is not open.
    changes AS
    (
        SELECT
            team,
            service,
            relation,
            arrayFold(
                (kept, saying) -> if(
                    saying.4 = if(empty(kept), 1, kept[-1].4), kept, arrayPushBack(kept, saying)
                ),
                sayings,
                CAST([], 'Array(Tuple(DateTime64(6, \'UTC\'), DateTime64(6, \'UTC\'), UInt8, UInt8))')
            ) AS kept
        FROM said
    )
SELECT
    team,
    service,
    relation,
    if(assumed, toDateTime64('2000-01-01 00:00:00', 6, 'UTC'), kept[number].1) AS valid_from,
    if(number < length(kept), kept[number + 1].1, NULL) AS valid_to,
    kept[number].2 AS at,
    number = 1 AND kept[number].3 = 0 AS assumed
FROM changes
ARRAY JOIN arrayEnumerate(kept) AS number
WHERE kept[number].4 = 0;

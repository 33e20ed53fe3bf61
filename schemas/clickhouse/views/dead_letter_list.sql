-- question: What could not be read or written, why, and where did it come from?
-- grain: dead letter; a record that failed twice is one
-- owner: platform-operations
CREATE OR REPLACE VIEW dead_letter_list ${on_cluster}
(
    id          String COMMENT 'Digest of origin, key, value and headers, in hex: names it for a replay',
    origin      LowCardinality(String) COMMENT 'Topic it was read from, or http:/v1/... for a payload refused at the edge',
    partition   UInt32 COMMENT 'Partition it was read from',
    offset      UInt64 COMMENT 'Offset it was read from',
    incarnation UInt32 COMMENT 'Incarnation of the topic: offsets of an embedded broker start again',
    reason      LowCardinality(String) COMMENT 'Reason code',
    detail      String COMMENT 'What was expected, what came, what to do',
    time        DateTime64(6, 'UTC') COMMENT 'When it was set aside',
    key         String COMMENT 'Record key, as it was',
    size_bytes  UInt64 COMMENT 'Size of the record''s value',
    replayed_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was last sent again; NULL when it never was',
    is_waiting  UInt8 COMMENT '1 until it is sent again, and again when it failed anew after that'
)
AS
SELECT
    lower(hex(letter.identity)) AS id,
    letter.topic AS origin,
    letter.partition AS partition,
    letter.offset AS offset,
    letter.incarnation AS incarnation,
    letter.reason AS reason,
    letter.detail AS detail,
    letter.time AS time,
    letter.key AS key,
    length(letter.value) AS size_bytes,
    if(replays.is_replayed = 1, replays.at, NULL) AS replayed_at,
    coalesce(replayed_at < time, 1) AS is_waiting
FROM (SELECT * FROM dead_letters FINAL) AS letter
LEFT JOIN (SELECT identity, at, 1 AS is_replayed FROM dead_letter_replays FINAL) AS replays
    ON replays.identity = letter.identity;

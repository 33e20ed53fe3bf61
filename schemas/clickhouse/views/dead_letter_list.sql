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
    size_bytes  UInt64 COMMENT 'Size of the record''s value'
)
AS
SELECT
    lower(hex(identity)) AS id,
    topic AS origin,
    partition,
    offset,
    incarnation,
    reason,
    detail,
    time,
    key,
    length(letter.value) AS size_bytes
FROM dead_letters AS letter FINAL;

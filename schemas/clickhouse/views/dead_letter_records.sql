-- question: What were the very bytes of a dead letter, for a replay?
-- grain: dead letter
-- owner: platform-operations
CREATE OR REPLACE VIEW dead_letter_records ${on_cluster}
(
    id      String COMMENT 'As in dead_letter_list',
    origin  LowCardinality(String) COMMENT 'Topic it was read from, or http:/v1/... for a payload refused at the edge',
    reason  LowCardinality(String) COMMENT 'Reason code',
    time    DateTime64(6, 'UTC') COMMENT 'When it was set aside',
    key     String COMMENT 'Record key, in hex',
    value   String COMMENT 'Record value, in hex',
    headers Array(Tuple(String, String)) COMMENT 'Record headers: name, value in hex'
)
AS
SELECT
    lower(hex(identity)) AS id,
    topic AS origin,
    reason,
    time,
    hex(letter.key) AS key,
    hex(letter.value) AS value,
    arrayMap(header -> (header.1, hex(header.2)), letter.headers) AS headers
FROM dead_letters AS letter FINAL;

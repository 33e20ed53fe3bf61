-- Which dead letters were sent again, so that what was mended no longer counts as missing; a letter that failed anew is
-- later than its replay, and waits again.
CREATE TABLE IF NOT EXISTS dead_letter_replays ${on_cluster}
(
    identity FixedString(16) COMMENT 'Of the dead letter',
    at       DateTime64(6, 'UTC') COMMENT 'When it was sent again'
)
ENGINE = ${replacing}(at)
ORDER BY identity
SETTINGS ${durable};

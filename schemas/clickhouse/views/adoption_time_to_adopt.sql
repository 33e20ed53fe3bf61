-- question: How long did, or does, each team take from access to its first successful call?
-- grain: platform service x team that was granted access
-- owner: platform-analytics
-- needs: adoption_funnel, as_of
CREATE OR REPLACE VIEW adoption_time_to_adopt ${on_cluster}
(
    service         String COMMENT 'Platform service',
    team            String COMMENT 'Team',
    granted_at      DateTime64(6, 'UTC') COMMENT 'Start of the day on which access was first granted, in the tenant''s zone',
    adopted_at      Nullable(DateTime64(6, 'UTC')) COMMENT 'First successful call; NULL while there is none',
    status          LowCardinality(String) COMMENT 'done, open, gave_up before it came to it, or before_access (it called before that day)',
    is_open         UInt8 COMMENT '1 when censored: open or gave_up',
    value_seconds   Nullable(Float64) COMMENT 'adopted_at - granted_at; NULL when not adopted, negative when before_access',
    elapsed_seconds Float64 COMMENT 'From the grant to the first successful call, to giving up, or to now'
)
AS
SELECT
    pairs.service AS service,
    pairs.team AS team,
    assumeNotNull(pairs.granted_at) AS granted_at,
    pairs.first_ok_at AS adopted_at,
    multiIf(
        pairs.first_ok_at < pairs.granted_at, 'before_access',
        isNotNull(pairs.first_ok_at), 'done',
        isNotNull(pairs.gave_up_at), 'gave_up',
        'open'
    ) AS status,
    status IN ('open', 'gave_up') AS is_open,
    dateDiff('microsecond', pairs.granted_at, pairs.first_ok_at) / 1e6 AS value_seconds,
    assumeNotNull(dateDiff('microsecond', pairs.granted_at, coalesce(pairs.first_ok_at, pairs.gave_up_at, now.at))) / 1e6 AS elapsed_seconds
FROM adoption_funnel AS pairs
CROSS JOIN (SELECT at FROM as_of) AS now
WHERE isNotNull(pairs.granted_at);

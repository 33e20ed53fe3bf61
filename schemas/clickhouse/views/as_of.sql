-- question: What time is it for every view?
-- grain: one row
-- owner: platform-analytics
CREATE OR REPLACE VIEW as_of ${on_cluster}
(
    at        Nullable(DateTime64(6, 'UTC')) COMMENT 'Now, for every view; NULL before the first tick of the clock',
    is_pinned UInt8 COMMENT '1 when somebody pinned it'
)
AS
SELECT
    coalesce(maxIf(clock.at, name = 'pinned'), maxIf(clock.at, name = 'live')) AS at,
    countIf(name = 'pinned' AND isNotNull(clock.at)) > 0 AS is_pinned
FROM clock FINAL;

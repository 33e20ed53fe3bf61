-- question: What time is it for every view?
-- grain: one row
-- owner: platform-analytics
-- Pinned in the past it hides what happened later. Facts stay those that all events give: a verdict that rests on a reference
-- which was told later (the deployment of an incident) is already there. The past as it was known then is another database:
-- adoption rebuild --as-of T --database NAME.
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

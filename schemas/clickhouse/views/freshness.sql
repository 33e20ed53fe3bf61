-- question: Until when is there data, and how far is that behind now?
-- grain: stream
-- owner: platform-operations
-- needs: as_of
CREATE OR REPLACE VIEW freshness ${on_cluster}
(
    stream      LowCardinality(String) COMMENT 'delivery, catalog, gateway (events as stored), costs (when bills were exported), facts (recomputed from delivery)',
    data_until  Nullable(DateTime64(6, 'UTC')) COMMENT 'Time of the latest event, not later than now; NULL when there is none',
    lag_seconds Nullable(Float64) COMMENT 'Now minus data_until',
    n           UInt64 COMMENT 'What there is: events, gateway hours, charges, services with facts',
    as_of       Nullable(DateTime64(6, 'UTC')) COMMENT 'Now, for every view; NULL before the clock''s first tick',
    is_pinned   UInt8 COMMENT '1 when somebody pinned now'
)
AS
WITH now AS (SELECT at, is_pinned FROM as_of)
SELECT
    stream,
    latest.data_until AS data_until,
    dateDiff('microsecond', latest.data_until, now.at) / 1e6 AS lag_seconds,
    n,
    now.at AS as_of,
    now.is_pinned AS is_pinned
FROM
(
    SELECT 'delivery' AS stream, maxOrNullIf(time, time <= (SELECT at FROM as_of)) AS data_until, count() AS n
    FROM delivery_events FINAL
    UNION ALL
    SELECT 'catalog', maxOrNullIf(time, time <= (SELECT at FROM as_of)), count()
    FROM catalog_events FINAL
    UNION ALL
    SELECT 'costs', maxOrNullIf(assumeNotNull(exported_at), exported_at <= (SELECT at FROM as_of)), countIf(kind = 'cost')
    FROM cost_events FINAL
    UNION ALL
    SELECT 'gateway', maxOrNullIf(least(arrayMax(last_at), (SELECT at FROM as_of)), notEmpty(last_at) AND hour <= (SELECT at FROM as_of)), countIf(notEmpty(last_at))
    FROM gateway_hour_slices FINAL
    UNION ALL
    SELECT 'facts', maxOrNullIf(least(facts_heads.data_until, (SELECT at FROM as_of)), isNotNull(facts_heads.data_until)), countIf(notEmpty(months) AND service != '')
    FROM facts_heads FINAL
) AS latest
CROSS JOIN now;

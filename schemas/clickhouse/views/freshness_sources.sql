-- question: Which sources of delivery events are there, since when and until when have they told something?
-- grain: source x kind of event
-- owner: platform-operations
-- needs: as_of, observations
CREATE OR REPLACE VIEW freshness_sources ${on_cluster}
(
    source         String COMMENT 'CloudEvents source, e.g. //github.com',
    kind           LowCardinality(String) COMMENT 'ci_run, push, merge, deployment or incident',
    observed_since Nullable(DateTime64(6, 'UTC')) COMMENT 'Declared beginning of observation; NULL when nobody declared it',
    first_at       DateTime64(6, 'UTC') COMMENT 'Time of its earliest event; a backfill moves it back',
    data_until     DateTime64(6, 'UTC') COMMENT 'Time of its latest event, not later than now',
    lag_seconds    Float64 COMMENT 'Now minus data_until',
    n              UInt64 COMMENT 'Events'
)
AS
WITH (SELECT mapFromArrays(groupArray(source), groupArray(observed_since)) FROM observations) AS declared
SELECT
    told.source AS source,
    told.kind AS kind,
    multiIf(
        mapContains(declared, told.source), toNullable(declared[told.source]),
        mapContains(declared, '*'), toNullable(declared['*']),
        NULL
    ) AS observed_since,
    told.first_at AS first_at,
    told.data_until AS data_until,
    dateDiff('microsecond', told.data_until, (SELECT assumeNotNull(at) FROM as_of)) / 1e6 AS lag_seconds,
    told.events AS n
FROM
(
    SELECT source, kind, min(time) AS first_at, max(time) AS data_until, uniqExact(id) AS events
    FROM delivery_events FINAL
    WHERE time <= (SELECT at FROM as_of)
    GROUP BY source, kind
) AS told;

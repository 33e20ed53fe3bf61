-- question: Which events were looked at for a service, and what became of each?
-- grain: service x event
-- owner: platform-analytics
-- needs: as_of, facts_slices
CREATE OR REPLACE VIEW evidence ${on_cluster}
(
    service String COMMENT 'Service; empty for events that belong to none',
    source  String COMMENT 'Event: source',
    event   String COMMENT 'Event: id',
    kind    LowCardinality(String) COMMENT 'ci_run, push, merge, deployment or incident',
    at      DateTime64(6, 'UTC') COMMENT 'When it happened',
    rule    LowCardinality(String) COMMENT 'How it was found to belong to the service: explicit, path, repository; of incidents also incident (another event of it says so), reference',
    counted UInt8 COMMENT '1 when some fact rests on it',
    reason  LowCardinality(String) COMMENT 'Why it was not counted; of a counted one what else keeps it from counting elsewhere, mostly empty',
    fact    String COMMENT 'Release, incident or commit that it was counted for; empty when none'
)
AS
SELECT
    fact.service AS service,
    fact.source AS source,
    fact.event AS event,
    fact.kind AS kind,
    fact.at AS at,
    fact.rule AS rule,
    fact.counted AS counted,
    fact.reason AS reason,
    fact.fact AS fact
FROM
(
    SELECT *
    FROM facts_evidence FINAL
    WHERE (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)
        AND at <= (SELECT at FROM as_of)
) AS fact;

-- question: Which cloud resource, path or account belonged to which service, from when until when?
-- grain: resource x interval; intervals of one resource do not overlap
-- owner: platform-analytics
-- needs: catalog_facts
CREATE OR REPLACE VIEW catalog_resources ${on_cluster}
(
    resource   String COMMENT 'Resource, path of resources or sub account, in lower case; what lies below it belongs too',
    service    String COMMENT 'Service by the name that the catalog gave here',
    valid_from Date COMMENT 'First day, in the tenant''s zone; what is first holds back to the beginning',
    valid_to   Nullable(Date) COMMENT 'First day no longer in it; NULL while it holds'
)
AS
WITH
    -- (day, service) of each resource in order. Of several facts on one day the last stands; a removal closes only the
    -- fact that it names, as for owners.
    changes AS
    (
        SELECT
            resource,
            arrayFold(
                (held, change) -> multiIf(
                    change.4 = 1 AND (empty(held) OR held[-1].2 != change.3), held,
                    notEmpty(held) AND held[-1].1 = change.2,
                        arrayPushBack(arrayPopBack(held), (change.2, if(change.4 = 1, '', change.3))),
                    arrayPushBack(held, (change.2, if(change.4 = 1, '', change.3)))
                ),
                arraySort(groupArray((rank, first_day, service, removed))),
                CAST([], 'Array(Tuple(Date, String))')
            ) AS held
        FROM
        (
            SELECT
                lowerUTF8(JSONExtractString(data, 'resource')) AS resource,
                JSONExtractString(data, 'service') AS service,
                toDate(day_start, ${zone}) AS first_day,
                rank,
                removed
            FROM catalog_facts
            WHERE kind = 'resource'
        )
        GROUP BY resource
    )
SELECT
    resource,
    held[position].2 AS service,
    if(position = 1, toDate('2000-01-01'), held[position].1) AS valid_from,
    if(position < length(held), toNullable(held[position + 1].1), NULL) AS valid_to
FROM changes
ARRAY JOIN arrayEnumerate(held) AS position
WHERE held[position].2 != '';

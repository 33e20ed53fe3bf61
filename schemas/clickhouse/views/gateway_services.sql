-- question: Which services has the gateway carried traffic of, and since when?
-- grain: service as the gateway names it
-- owner: platform-analytics
-- needs: as_of, service_aliases
CREATE OR REPLACE VIEW gateway_services ${on_cluster}
(
    gateway_service String COMMENT 'Service as the gateway names it',
    service         String COMMENT 'Service by its catalog name; the gateway''s own name when the catalog does not know it',
    in_catalog      UInt8 COMMENT '1 when the catalog knows it',
    first_at        DateTime64(6, 'UTC') COMMENT 'Earliest request of any outcome',
    last_at         DateTime64(6, 'UTC') COMMENT 'Latest request of any outcome; now where the hour goes on after it'
)
AS
SELECT
    slice.gateway_service AS gateway_service,
    coalesce(nullIf(names.service, ''), slice.gateway_service) AS service,
    coalesce(names.service, '') != '' AS in_catalog,
    slice.first_at AS first_at,
    slice.last_at AS last_at
FROM
(
    SELECT
        toString(gateway_hour_slices.service) AS gateway_service,
        (SELECT at FROM as_of) AS now_at,
        min(arrayMin(gateway_hour_slices.first_at)) AS first_at,
        max(least(arrayMax(gateway_hour_slices.last_at), assumeNotNull(now_at))) AS last_at
    FROM gateway_hour_slices FINAL
    WHERE notEmpty(gateway_hour_slices.first_at) AND arrayMin(gateway_hour_slices.first_at) <= now_at
    GROUP BY gateway_service
) AS slice
LEFT JOIN service_aliases AS names ON names.alias = slice.gateway_service;

-- question: Which slices of facts hold now?
-- grain: service x month
-- owner: platform-analytics
CREATE OR REPLACE VIEW facts_slices ${on_cluster}
(
    service String COMMENT 'Service; empty for events that belong to none',
    month   Date COMMENT 'Slice',
    digest  String COMMENT 'Content of the slice that the service''s head names'
)
AS
SELECT service, slice.1 AS month, slice.2 AS digest
FROM facts_heads FINAL
ARRAY JOIN arrayZip(months, digests) AS slice;

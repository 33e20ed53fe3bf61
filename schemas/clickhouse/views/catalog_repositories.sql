-- question: Which repositories, and which paths of them, belong to which service?
-- grain: repository x service
-- owner: platform-analytics
-- needs: catalog_facts
CREATE OR REPLACE VIEW catalog_repositories ${on_cluster}
(
    repository String COMMENT 'Host-qualified name or provider-qualified id',
    service    String COMMENT 'Service',
    paths      Array(String) COMMENT 'Path patterns, as last said; empty: the whole repository',
    valid_from DateTime64(6, 'UTC') COMMENT 'When it was first said; what is first holds back to the beginning',
    valid_to   Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was taken back; NULL while it holds'
)
AS
SELECT
    repository,
    service,
    argMaxIf(globs, rank, removed = 0) AS paths,
    min(day_start) AS valid_from,
    if(argMax(removed, rank) = 1, max(day_start), NULL) AS valid_to
FROM
(
    SELECT
        rank,
        day_start,
        removed,
        JSONExtractString(data, 'repository') AS repository,
        JSONExtractString(data, 'service') AS service,
        JSONExtract(data, 'paths', 'Array(String)') AS globs
    FROM catalog_facts
    WHERE kind = 'mapping'
)
GROUP BY repository, service;

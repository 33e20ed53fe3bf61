-- question: Which commits reached production, with which deployment, how long after they were made?
-- grain: service x commit
-- owner: platform-analytics
-- needs: as_of, facts_slices, catalog_ownership
CREATE OR REPLACE VIEW commits ${on_cluster}
(
    service                   String COMMENT 'Service',
    team                      String COMMENT 'Team that owned the service then; unknown when the catalog does not say',
    sha                       String COMMENT 'Commit',
    release                   String COMMENT 'First successful production release that holds it',
    at                        DateTime64(6, 'UTC') COMMENT 'finished_at of that release',
    committed_at              Nullable(DateTime64(6, 'UTC')) COMMENT 'The commit''s one time',
    clock                     LowCardinality(String) COMMENT 'author, committer or unknown',
    lead_time_us              Nullable(Int64) COMMENT 'Deployment minus commit time in microseconds; NULL when not counted',
    first_commit_lead_time_us Nullable(Int64) COMMENT 'From the first commit of the squashed change; NULL when none',
    rule                      LowCardinality(String) COMMENT 'list, pushes, merges or head',
    is_first                  UInt8 COMMENT '1 when deployed by the first release',
    is_bot                    UInt8 COMMENT '1 when made by a robot',
    is_squash                 UInt8 COMMENT '1 when it is the squash commit of a change',
    not_counted               LowCardinality(String) COMMENT 'merge_commit, clock_skew, no_time; empty when counted',
    coding_us                 Nullable(Int64) COMMENT 'Stage: first commit to change opened, microseconds',
    review_us                 Nullable(Int64) COMMENT 'Stage: change opened to first approval, microseconds',
    merge_us                  Nullable(Int64) COMMENT 'Stage: first approval to merge, microseconds',
    deploy_us                 Nullable(Int64) COMMENT 'Stage: merge to deployment, microseconds'
)
AS
SELECT
    fact.service AS service,
    coalesce(nullIf(owner.team, ''), 'unknown') AS team,
    fact.sha AS sha,
    fact.release AS release,
    fact.at AS at,
    fact.committed_at AS committed_at,
    fact.clock AS clock,
    fact.lead_time_us AS lead_time_us,
    fact.first_commit_lead_time_us AS first_commit_lead_time_us,
    fact.rule AS rule,
    fact.is_first AS is_first,
    fact.is_bot AS is_bot,
    fact.is_squash AS is_squash,
    fact.not_counted AS not_counted,
    fact.coding_us AS coding_us,
    fact.review_us AS review_us,
    fact.merge_us AS merge_us,
    fact.deploy_us AS deploy_us
FROM
(
    SELECT *
    FROM facts_commits FINAL
    WHERE (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)
        AND at <= (SELECT at FROM as_of)
) AS fact
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owner
    ON fact.service = owner.name AND fact.at >= owner.valid_from;

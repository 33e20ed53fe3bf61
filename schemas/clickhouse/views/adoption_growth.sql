-- question: Whom did a platform service win, keep, win back and lose, week by week?
-- grain: platform service x consumer set x observed week
-- owner: platform-analytics
-- needs: adoption_growth_by
CREATE OR REPLACE VIEW adoption_growth ${on_cluster}
(
    service        String COMMENT 'Platform service',
    consumer_set   LowCardinality(String) COMMENT 'What is counted: team, or consumer (caller identity)',
    grain          String COMMENT 'day, week (ISO: from Monday), month or quarter',
    period_start   Date COMMENT 'First day, in the tenant''s zone',
    period_end     Date COMMENT 'First day after it',
    is_partial     UInt8 COMMENT '1 while it runs',
    active         UInt64 COMMENT 'active(t-1) + new + resurrected + reassigned_in - churned - reassigned_out',
    active_unknown UInt64 COMMENT 'Of them: callers of unknown teams; of the set team 1 when unknown is among the active',
    new            UInt64 COMMENT 'Active for the first time ever',
    retained       UInt64 COMMENT 'Active in the period before, too',
    resurrected    UInt64 COMMENT 'Active before, but not in the period before',
    reassigned_in  UInt64 COMMENT 'Teams that entered with a caller that had used it for another team',
    churned        Nullable(UInt64) COMMENT 'Active in the period before, no longer; NULL until the period is over',
    reassigned_out Nullable(UInt64) COMMENT 'Teams that left because their caller now uses it for another; NULL until the period is over',
    quick_ratio    Nullable(Float64) COMMENT '(new + resurrected) / churned; NULL when none churned or the period runs',
    null_reason    LowCardinality(String) COMMENT 'Why there is no quick ratio: period_open, none_churned; empty when there is one'
)
AS
SELECT
    service, consumer_set, grain, period_start, period_end, is_partial, active, active_unknown, new, retained, resurrected,
    reassigned_in, churned, reassigned_out, quick_ratio, null_reason
FROM ${database}.adoption_growth_by(grain = 'week');

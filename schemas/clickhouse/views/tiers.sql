-- question: From which value to which does each tier of each edition of the industry's report reach?
-- grain: edition x metric x tier
-- owner: platform-analytics
-- A tier is data. Bounds are not assumed to follow each other: in 2024 the fail rate of `high` lies above that of `medium`, and
-- recovery has the same bounds for both and none from a day to a week. Of several that hold the first by position is meant;
-- outside all of them there is no tier. A month is counted as 31 days, six months as 184, the longest there are: what is
-- deployed once in every month is deployed monthly. `On demand` is more than once a day; in 2026 more than once an hour. The
-- published fail rates of 2024 are levels (5, 20, 10, 40 %): each reaches down to the next lower one, the highest up to all.
CREATE OR REPLACE VIEW tiers ${on_cluster}
(
    edition        String COMMENT 'Year of the report: 2021, 2023, 2024; 2026: buckets of the quick check',
    metric         String COMMENT 'Headline metric of velocity, in its unit',
    tier           String COMMENT 'elite, high, medium or low; of 2026 the score',
    position       UInt8 COMMENT 'From 1, the best',
    score          Nullable(UInt8) COMMENT 'Of 2026: 0 to 10; NULL for tiers',
    lower          Float64 COMMENT 'From this value',
    upper          Nullable(Float64) COMMENT 'To this value; NULL: without bound',
    includes_lower UInt8 COMMENT '1 when the lower bound itself is in it',
    includes_upper UInt8 COMMENT '1 when the upper bound itself is in it'
)
AS
SELECT
    said.1 AS edition,
    said.2 AS metric,
    said.3 AS tier,
    said.4 AS position,
    if(said.5 < 0, NULL, toUInt8(said.5)) AS score,
    said.6 AS lower,
    if(isInfinite(said.7), NULL, said.7) AS upper,
    said.8 AS includes_lower,
    said.9 AS includes_upper
FROM
(
    SELECT arrayJoin([
        ('2021', 'deployment_frequency_per_day', 'elite', 1, -1, 1., inf, 0, 0),
        ('2021', 'deployment_frequency_per_day', 'high', 2, -1, 1 / 31, 1., 1, 1),
        ('2021', 'deployment_frequency_per_day', 'medium', 3, -1, 1 / 184, 1 / 31, 1, 1),
        ('2021', 'deployment_frequency_per_day', 'low', 4, -1, 0., 1 / 184, 1, 1),
        ('2023', 'deployment_frequency_per_day', 'elite', 1, -1, 1., inf, 0, 0),
        ('2023', 'deployment_frequency_per_day', 'high', 2, -1, 1 / 7, 1., 1, 1),
        ('2023', 'deployment_frequency_per_day', 'medium', 3, -1, 1 / 31, 1 / 7, 1, 1),
        ('2023', 'deployment_frequency_per_day', 'low', 4, -1, 0., 1 / 31, 1, 1),
        ('2024', 'deployment_frequency_per_day', 'elite', 1, -1, 1., inf, 0, 0),
        ('2024', 'deployment_frequency_per_day', 'high', 2, -1, 1 / 7, 1., 1, 1),
        ('2024', 'deployment_frequency_per_day', 'medium', 3, -1, 1 / 31, 1 / 7, 1, 1),
        ('2024', 'deployment_frequency_per_day', 'low', 4, -1, 1 / 184, 1 / 31, 1, 1),
        ('2021', 'change_lead_time_p50_seconds', 'elite', 1, -1, 0., 3600., 1, 0),
        ('2021', 'change_lead_time_p50_seconds', 'high', 2, -1, 3600., 7 * 86400., 1, 0),
        ('2021', 'change_lead_time_p50_seconds', 'medium', 3, -1, 7 * 86400., 184 * 86400., 1, 0),
        ('2021', 'change_lead_time_p50_seconds', 'low', 4, -1, 184 * 86400., inf, 1, 0),
        ('2023', 'change_lead_time_p50_seconds', 'elite', 1, -1, 0., 86400., 1, 0),
        ('2023', 'change_lead_time_p50_seconds', 'high', 2, -1, 86400., 7 * 86400., 1, 0),
        ('2023', 'change_lead_time_p50_seconds', 'medium', 3, -1, 7 * 86400., 31 * 86400., 1, 0),
        ('2023', 'change_lead_time_p50_seconds', 'low', 4, -1, 31 * 86400., inf, 1, 0),
        ('2024', 'change_lead_time_p50_seconds', 'elite', 1, -1, 0., 86400., 1, 0),
        ('2024', 'change_lead_time_p50_seconds', 'high', 2, -1, 86400., 7 * 86400., 1, 0),
        ('2024', 'change_lead_time_p50_seconds', 'medium', 3, -1, 7 * 86400., 31 * 86400., 1, 0),
        ('2024', 'change_lead_time_p50_seconds', 'low', 4, -1, 31 * 86400., 184 * 86400., 1, 0),
        ('2021', 'failed_deployment_recovery_time_p50_seconds', 'elite', 1, -1, 0., 3600., 1, 0),
        ('2021', 'failed_deployment_recovery_time_p50_seconds', 'high', 2, -1, 3600., 86400., 1, 0),
        ('2021', 'failed_deployment_recovery_time_p50_seconds', 'medium', 3, -1, 86400., 7 * 86400., 1, 0),
        ('2021', 'failed_deployment_recovery_time_p50_seconds', 'low', 4, -1, 7 * 86400., inf, 1, 0),
        ('2023', 'failed_deployment_recovery_time_p50_seconds', 'elite', 1, -1, 0., 3600., 1, 0),
        ('2023', 'failed_deployment_recovery_time_p50_seconds', 'high', 2, -1, 3600., 86400., 1, 0),
        ('2023', 'failed_deployment_recovery_time_p50_seconds', 'medium', 3, -1, 86400., 7 * 86400., 1, 0),
        ('2023', 'failed_deployment_recovery_time_p50_seconds', 'low', 4, -1, 7 * 86400., inf, 1, 0),
        ('2024', 'failed_deployment_recovery_time_p50_seconds', 'elite', 1, -1, 0., 3600., 1, 0),
        ('2024', 'failed_deployment_recovery_time_p50_seconds', 'high', 2, -1, 3600., 86400., 1, 0),
        ('2024', 'failed_deployment_recovery_time_p50_seconds', 'medium', 3, -1, 3600., 86400., 1, 0),
        ('2024', 'failed_deployment_recovery_time_p50_seconds', 'low', 4, -1, 7 * 86400., 31 * 86400., 1, 0),
        ('2021', 'change_fail_ratio', 'elite', 1, -1, 0., 0.15, 1, 1),
        ('2021', 'change_fail_ratio', 'high', 2, -1, 0.15, 0.2, 0, 1),
        ('2021', 'change_fail_ratio', 'medium', 3, -1, 0.2, 0.3, 0, 1),
        ('2021', 'change_fail_ratio', 'low', 4, -1, 0.3, 1., 0, 1),
        ('2023', 'change_fail_ratio', 'elite', 1, -1, 0., 0.05, 1, 1),
        ('2023', 'change_fail_ratio', 'high', 2, -1, 0.05, 0.1, 0, 1),
        ('2023', 'change_fail_ratio', 'medium', 3, -1, 0.1, 0.15, 0, 1),
        ('2023', 'change_fail_ratio', 'low', 4, -1, 0.15, 1., 0, 1),
        ('2024', 'change_fail_ratio', 'elite', 1, -1, 0., 0.05, 1, 1),
        ('2024', 'change_fail_ratio', 'high', 2, -1, 0.1, 0.2, 0, 1),
        ('2024', 'change_fail_ratio', 'medium', 3, -1, 0.05, 0.1, 0, 1),
        ('2024', 'change_fail_ratio', 'low', 4, -1, 0.2, 1., 0, 1),
        ('2026', 'deployment_frequency_per_day', '10', 1, 10, 24., inf, 0, 0),
        ('2026', 'deployment_frequency_per_day', '8', 2, 8, 1., 24., 1, 1),
        ('2026', 'deployment_frequency_per_day', '6', 3, 6, 1 / 7, 1., 1, 1),
        ('2026', 'deployment_frequency_per_day', '4', 4, 4, 1 / 31, 1 / 7, 1, 1),
        ('2026', 'deployment_frequency_per_day', '2', 5, 2, 1 / 184, 1 / 31, 1, 1),
        ('2026', 'deployment_frequency_per_day', '0', 6, 0, 0., 1 / 184, 1, 0),
        ('2026', 'change_lead_time_p50_seconds', '10', 1, 10, 0., 3600., 1, 0),
        ('2026', 'change_lead_time_p50_seconds', '8', 2, 8, 3600., 86400., 1, 0),
        ('2026', 'change_lead_time_p50_seconds', '6', 3, 6, 86400., 7 * 86400., 1, 0),
        ('2026', 'change_lead_time_p50_seconds', '4', 4, 4, 7 * 86400., 31 * 86400., 1, 0),
        ('2026', 'change_lead_time_p50_seconds', '2', 5, 2, 31 * 86400., 184 * 86400., 1, 1),
        ('2026', 'change_lead_time_p50_seconds', '0', 6, 0, 184 * 86400., inf, 0, 0),
        ('2026', 'failed_deployment_recovery_time_p50_seconds', '10', 1, 10, 0., 3600., 1, 0),
        ('2026', 'failed_deployment_recovery_time_p50_seconds', '8', 2, 8, 3600., 86400., 1, 0),
        ('2026', 'failed_deployment_recovery_time_p50_seconds', '6', 3, 6, 86400., 7 * 86400., 1, 0),
        ('2026', 'failed_deployment_recovery_time_p50_seconds', '4', 4, 4, 7 * 86400., 31 * 86400., 1, 0),
        ('2026', 'failed_deployment_recovery_time_p50_seconds', '2', 5, 2, 31 * 86400., 184 * 86400., 1, 1),
        ('2026', 'failed_deployment_recovery_time_p50_seconds', '0', 6, 0, 184 * 86400., inf, 0, 0)
    ]) AS said
);

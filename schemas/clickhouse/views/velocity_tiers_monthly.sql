-- question: In which tier of the industry's report was each service, month by month?
-- grain: service x month x metric x edition
-- owner: platform-analytics
-- needs: velocity_tiers
-- columns: velocity_tiers
CREATE OR REPLACE VIEW velocity_tiers_monthly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.velocity_tiers(from = '2000-01-01', to = '2100-01-01', grain = 'month', scope = 'service');

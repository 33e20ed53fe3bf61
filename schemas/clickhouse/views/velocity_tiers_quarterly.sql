-- question: In which tier of the industry's report was each service, quarter by quarter?
-- grain: service x quarter x metric x edition
-- owner: platform-analytics
-- needs: velocity_tiers
-- columns: velocity_tiers
CREATE OR REPLACE VIEW velocity_tiers_quarterly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.velocity_tiers(from = '2000-01-01', to = '2100-01-01', grain = 'quarter', scope = 'service');

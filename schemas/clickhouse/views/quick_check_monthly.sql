-- question: How did each service do on a scale from 0 to 10, month by month?
-- grain: service x month
-- owner: platform-analytics
-- needs: quick_check
-- columns: quick_check
CREATE OR REPLACE VIEW quick_check_monthly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.quick_check(from = '2000-01-01', to = '2100-01-01', grain = 'month', scope = 'service');

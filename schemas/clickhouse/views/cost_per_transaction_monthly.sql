-- question: What does one transaction of a service cost, month by month?
-- grain: service x month x currency
-- owner: platform-analytics
-- needs: cost_per_transaction
-- columns: cost_per_transaction
CREATE OR REPLACE VIEW cost_per_transaction_monthly ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.cost_per_transaction(from = '2000-01-01', to = '2100-01-01', grain = 'month');

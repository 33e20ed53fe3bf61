-- question: How reliable and how quick were pipelines between two days?
-- grain: service x metric; parameters from, to (days, to exclusive)
-- owner: platform-analytics
-- needs: ci
-- columns: ci
CREATE OR REPLACE VIEW ci_range ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.ci(from = {from:Date}, to = {to:Date}, grain = 'range', scope = 'service');

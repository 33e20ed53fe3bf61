-- question: How much of the input could not be used for a family of metrics, and why?
-- grain: metric family x reason; of all time, coverage_between is of some days
-- owner: platform-analytics
-- needs: coverage_between
-- columns: coverage_between
CREATE OR REPLACE VIEW coverage ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.coverage_between(from = '1970-01-01', to = '2149-06-06');

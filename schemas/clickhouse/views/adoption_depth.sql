-- question: Which share of a platform service's use is whose?
-- grain: platform service x caller x team x period of the service's natural grain
-- owner: platform-analytics
-- needs: adoption_depth_by
-- columns: adoption_depth_by
CREATE OR REPLACE VIEW adoption_depth ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.adoption_depth_by(from = '2000-01-01', to = '2100-01-01', grain = 'natural');

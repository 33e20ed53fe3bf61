-- question: On how few teams does a platform service's use rest?
-- grain: platform service x period of the service's natural grain with use
-- owner: platform-analytics
-- needs: adoption_concentration_by
-- columns: adoption_concentration_by
CREATE OR REPLACE VIEW adoption_concentration ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.adoption_concentration_by(from = '2000-01-01', to = '2100-01-01', grain = 'natural');

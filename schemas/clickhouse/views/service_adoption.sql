-- question: Which share of the services uses a platform service?
-- grain: platform service x observed period of the service's natural grain
-- owner: platform-analytics
-- needs: service_adoption_by
-- columns: service_adoption_by
CREATE OR REPLACE VIEW service_adoption ${on_cluster}
(
${columns}
)
AS
SELECT ${names}
FROM ${database}.service_adoption_by(from = '2000-01-01', to = '2100-01-01', grain = 'natural');

"""Gitea's, Forgejo's and Gogs' webhooks: one module per kind of event, dispatched by `mapper.map_payload`."""

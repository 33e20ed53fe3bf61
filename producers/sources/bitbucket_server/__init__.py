"""Bitbucket Data Center's (and Server's) webhooks: one module per kind of event, dispatched by `mapper.map_payload`."""

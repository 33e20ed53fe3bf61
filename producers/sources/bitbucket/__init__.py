"""Bitbucket Cloud's webhooks: one module per kind of event, dispatched by `mapper.map_payload`."""

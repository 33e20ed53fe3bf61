"""Azure DevOps' service hooks: one module per kind of event, dispatched by `mapper.map_payload`."""

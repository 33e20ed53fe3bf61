"""The ingest service: vendors' webhooks, CloudEvents and gateway logs come in over HTTP."""

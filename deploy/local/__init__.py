"""The embedded stack: broker, engine, ingest and workers on one machine."""

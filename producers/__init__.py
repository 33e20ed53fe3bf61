"""Where events enter: HTTP ingest, log shipper, emit, backfill, catalog import."""

"""The demo: one believable year of an invented company, sent through the running stack's own front doors.

`history.generate` is pure and seeded: it makes vendor-shaped payloads (Backstage descriptors, GitHub and Alertmanager
webhooks, Kong records, an NGINX access log). `driver.run` sends them to the ingest service and the log shipper, waits
until everything is counted, and prints the reports. Nothing is ever inserted into the warehouse here.
"""

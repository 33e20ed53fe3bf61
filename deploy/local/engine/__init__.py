"""The warehouse of the embedded stack: the ClickHouse engine in process, behind ClickHouse's own HTTP interface.

One process owns the data folder. Everything else (workers, reports, Grafana, a SQL shell) reaches it over loopback
exactly as it would reach a ClickHouse server, so no other code knows which of the two it is talking to.

``connection`` is the one importer of chDB; ``statement``, ``settings`` and ``hello`` are pure; ``gate`` decides what a
reader may run; ``server`` is the HTTP edge; ``process`` starts and stops the whole from another process.
"""

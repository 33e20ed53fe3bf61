"""The ingest service as a server: its sink by the settings, uvicorn around the application.

`adoption ingest` runs it by itself; the embedded stack runs the same server beside its other parts.
"""

from __future__ import annotations

import uvicorn

from producers.http.app import create_app
from producers.http.wire import BoundedHttp
from producers.kafka import KafkaSink, Sink, client_config
from producers.outbox import OutboxSink
from producers.sources.registry import with_generic
from schemas.settings import Settings


def sink_of(settings: Settings) -> Sink:
    """The sink that the settings ask for: an outbox on disk in front of Kafka, or Kafka itself."""
    client = client_config(settings)
    return OutboxSink(settings.outbox_dir, client) if settings.outbox_dir else KafkaSink(client)


def server_of(
    settings: Settings, *, sink: Sink | None = None, host: str | None = None, port: int | None = None
) -> uvicorn.Server:
    """A server that is not yet running; `run()` or `serve()` it, `should_exit = True` ends it after its requests.

    Raises:
        AccessFileError: the access file cannot be used.
        MappingFileError: a file of a webhook without code cannot be used.
    """
    with_generic(settings.generic_dir)
    config = uvicorn.Config(
        create_app(settings, sink or sink_of(settings)),
        host=settings.ingest_host if host is None else host,
        port=settings.ingest_port if port is None else port,
        http=BoundedHttp,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=20,
        backlog=2048,
    )
    return uvicorn.Server(config)

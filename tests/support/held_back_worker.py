"""A worker whose flow is stopped, as by a rebalance, at the moment when it has fetched its first records.

Arguments: the broker's address, a file to write each value to that it processed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import faust

from schemas.settings import Settings
from schemas.streams import GATEWAY
from stream_processors import app as stream_app

bootstrap, seen_file = sys.argv[1:]
app = stream_app._app("gateway", Settings(kafka_bootstrap=bootstrap))


def keep(values: Iterable[bytes]) -> None:
    with Path(seen_file).open("ab") as seen:
        seen.write(b"".join(value + b"\n" for value in values))


async def process(stream: Any) -> None:
    async for events in stream.noack_take(10, within=0.05):
        keep(event.value for event in events)
        for event in events:
            await stream.ack(event)


app.agent(app.topic(GATEWAY.topic, value_serializer="raw", key_serializer="raw"), concurrency=1)(process)


@app.task
async def stop_the_flow() -> None:
    """Do what Faust does in a rebalance, after a fetch has returned and before its records are handed on."""
    consumer = app.consumer
    fetch = consumer._getmany

    async def fetch_then_stop(*args: Any, **options: Any) -> Any:
        records = await fetch(*args, **options)
        if records:
            consumer._getmany = fetch
            consumer.stop_flow()
            app.flow_control.suspend()
            app.loop.call_later(2, resume)
        return records

    def resume() -> None:
        app.flow_control.resume()
        consumer.resume_flow()

    consumer._getmany = fetch_then_stop


faust.Worker(app, loglevel="WARNING", redirect_stdouts=False).execute_from_commandline()

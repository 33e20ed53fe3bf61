"""The shape that our pipeline avoids: Faust's `take()`, which acknowledges in a `finally` even when the body raised.

Run as a program by the canary test. Its first take fails; everything in it is acknowledged all the same.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import faust
from mode.supervisors import CrashingSupervisor

from schemas.streams import DELIVERY


def main(bootstrap: str, kept: Path) -> None:
    """Write each message's value to a file, and crash in the first take."""
    app = faust.App(
        "canary",
        broker=f"kafka://{bootstrap}",
        store="memory://",
        value_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        broker_commit_interval=0.1,
        broker_session_timeout=10,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
        datadir=str(kept.parent / "faust"),
    )
    crash = kept.with_suffix(".crash")

    async def process(stream: Any) -> None:
        async for values in stream.take(100, within=0.5):
            if not crash.exists():
                crash.touch()
                raise RuntimeError("the insert failed")
            with kept.open("ab") as file:
                file.write(b"".join(value + b"\n" for value in values))

    app.agent(app.topic(DELIVERY.topic, value_serializer="raw"), supervisor_strategy=CrashingSupervisor)(process)
    faust.Worker(app, loglevel="ERROR", redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

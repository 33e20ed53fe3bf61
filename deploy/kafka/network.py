"""Ports and readiness of a Kafka server: where it may listen, and when it can be used.

`server.py` picks its ports here; `wait_until_ready` serves any cluster (start-up of a worker, `adoption kafka
wait`).
"""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.kafka.errors import KafkaServerError

PORTS: Final = range(20000, 30000)
"""Where free ports are picked. Below the range the kernel hands out to outgoing connections (32768 and up): a
client that keeps trying a port in that range while the broker is away can be connected to *itself*, and the
broker cannot come back to its port."""
POLL_SECONDS: Final = 0.05


def free_ports(count: int) -> list[int]:
    """Different TCP ports of `PORTS` that nothing listens on at 127.0.0.1 right now."""
    found: list[int] = []
    for port in random.sample(PORTS, 200):
        if len(found) == count:
            return found
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
    raise KafkaServerError(f"200 ports tried between {PORTS.start} and {PORTS.stop}, too few of them free: name a port")


def wait_until_ready(bootstrap: str, seconds: float, *, alive: Callable[[], bool] = lambda: True) -> None:
    """Wait until the cluster at `bootstrap` (`host:port`) lists its brokers.

    Raises:
        KafkaServerError: it did not within `seconds`, or `alive` said that the server has ended.
    """
    host, _, port = bootstrap.rpartition(":")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not alive():
            raise KafkaServerError(f"Kafka at {bootstrap} ended before it answered")
        # A plain connection first: a Kafka client would log each refusal.
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            break
        time.sleep(POLL_SECONDS)
    else:
        raise KafkaServerError(f"nothing accepted connections at {bootstrap} within {seconds:g} s")
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 3})
    while time.monotonic() < deadline:
        if not alive():
            raise KafkaServerError(f"Kafka at {bootstrap} ended before it answered")
        with contextlib.suppress(KafkaException):
            if admin.list_topics(timeout=2).brokers:
                return
        time.sleep(POLL_SECONDS)
    raise KafkaServerError(f"{bootstrap} accepts connections and lists no brokers within {seconds:g} s")

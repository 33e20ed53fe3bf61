"""What the ingest service counts about itself, in a registry of its own; read at `/metrics`.

Labels have few values: a reason code may hold a word from a payload, so past `MOST_REASONS` distinct ones per process
the rest is counted as `other`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

Result = Literal["accepted", "ignored", "dead_lettered"]
MOST_REASONS: Final = 300
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The counters; one per application, so that two in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "adoption_ingest_requests_total",
            "Requests answered, by route and status",
            ["route", "status"],
            registry=self.registry,
        )
        self._events = Counter(
            "adoption_ingest_events_total",
            "Events (or gateway requests) by what became of them, by source and reason",
            ["source", "result", "reason"],
            registry=self.registry,
        )
        self._durable = Histogram(
            "adoption_ingest_sink_seconds",
            "Seconds from handing records over until they were durable",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._errors = Counter(
            "adoption_ingest_unhandled_errors_total",
            "Requests answered 500: a defect of this service, see its log",
            ["route"],
            registry=self.registry,
        )
        self._reasons: set[str] = set()

    def request(self, route: str, status: int) -> None:
        """Count an answer."""
        self._requests.labels(route, str(status)).inc()

    def events(self, source: str, result: Result, reasons: Mapping[str, int]) -> None:
        """Count events under their reasons (`""` where there is nothing to explain)."""
        for reason, count in reasons.items():
            self._events.labels(source, result, self._bounded(reason)).inc(count)

    def unhandled(self, route: str) -> None:
        """Count a defect."""
        self._errors.labels(route).inc()

    @contextmanager
    def durable(self) -> Iterator[None]:
        """Measure how long the sink takes."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._durable.observe(time.perf_counter() - started)

    def watch(self, gauges: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
        """Show numbers that are asked for when read: name -> (help, function)."""
        for name, (text, ask) in gauges.items():
            Gauge(f"adoption_{name}", text, registry=self.registry).set_function(ask)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _bounded(self, reason: str) -> str:
        if reason in self._reasons or len(self._reasons) < MOST_REASONS:
            self._reasons.add(reason)
            return reason
        return "other"

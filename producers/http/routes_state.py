"""GET /healthz, /readyz, /metrics: for those who run the service."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from producers.http.edge import Edge
from producers.http.problems import json_response


async def healthz(request: Request, edge: Edge) -> Response:  # noqa: ARG001 -- a route's signature
    """The process is up. It stays so while Kafka is away: a restart would not bring it back."""
    return json_response({"status": "up"})


async def readyz(request: Request, edge: Edge) -> Response:  # noqa: ARG001
    """Whether a request would be accepted now; if not, why."""
    reason = await edge.sink.unready()
    if reason is None:
        return json_response({"status": "ready"})
    return json_response({"status": "not ready", "message": reason}, 503, {"retry-after": "2"})


async def metrics(request: Request, edge: Edge) -> Response:  # noqa: ARG001
    """Counters in Prometheus' text format."""
    return Response(edge.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

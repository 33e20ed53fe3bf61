"""GET /healthz, /readyz, /metrics, /v1/sources: for those who run the service, and who connect what sends to it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from producers.http.edge import Edge
from producers.http.problems import json_response
from producers.http.proofs import PROOFS
from producers.http.routes_events import SOURCE as EVENTS
from producers.http.routes_gateway import BATCHES
from producers.sources.registry import SOURCES


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


async def sources(request: Request, edge: Edge) -> Response:
    """Each source, whether it may send (a secret or token is configured), and what came of it since the start."""
    edge.access.token(request.headers.get("authorization"), "events")
    file = edge.access.file
    scopes = {scope for token in file.tokens for scope in token.scopes}
    ours = [(EVENTS, "events", "events", "token"), (BATCHES, "gateway/batches", "gateway", "token")]
    vendors = [(source.name, source.path, source.kind, source.scheme) for source in SOURCES.values()]
    listed = [
        {
            "name": name,
            "path": f"/v1/{path}",
            "scheme": scheme,
            "is_configured": bool(file.secrets(name)) if scheme in PROOFS else kind in scopes,
            **edge.tallies.of(name).body(),
        }
        for name, path, kind, scheme in (*vendors, *ours)
    ]
    return json_response({"since": edge.tallies.since.isoformat(), "sources": listed})

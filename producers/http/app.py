"""The ingest service's application: routes, and what happens around each request.

Every answer leaves through `_guard`: problems become their JSON, an unavailable sink 503 with Retry-After, a defect 500
(counted and logged by its type and place, without the request). More requests at once than the service can hold in
memory are sent away before their bodies are read.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from producers.http import routes_events, routes_gateway, routes_state, routes_webhooks
from producers.http.auth import Access
from producers.http.edge import Edge
from producers.http.problems import Problem, unavailable
from producers.kafka import Sink, Unavailable
from producers.packing import Packer
from producers.sources.common import Context
from schemas.settings import Settings

log = logging.getLogger(__name__)

MOST_REQUESTS: Final = 2_000
"""Requests being handled at once; each holds little until its body comes, and bodies have their own budget."""

Handler = Callable[[Request, Edge], Awaitable[Response]]

ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("POST", "/v1/events", routes_events.events),
    ("POST", "/v1/webhooks/{name}", routes_webhooks.webhook),
    ("POST", "/v1/gateway/batches", routes_gateway.batches),
    ("POST", "/v1/gateway/{name}", routes_gateway.records),
    ("GET", "/v1/sources", routes_state.sources),
    ("GET", "/healthz", routes_state.healthz),
    ("GET", "/readyz", routes_state.readyz),
    ("GET", "/metrics", routes_state.metrics),
)


def create_app(settings: Settings, sink: Sink, *, linger: float = 0.05) -> Starlette:
    """The application around a sink; its lifespan starts and stops the sink.

    Args:
        settings: the access file and the salt are read from it.
        sink: where records become durable.
        linger: seconds that a small gateway POST may wait for company.

    Raises:
        AccessFileError: the access file cannot be used.
    """
    edge = Edge(
        sink=sink,
        packer=Packer(sink, linger=linger),
        access=Access(settings.ingest_access_file),
        context=Context(salt=settings.actor_salt.get_secret_value().encode()),
    )
    edge.metrics.watch(sink.gauges())

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001 -- the framework's signature
        await sink.start()
        try:
            yield
        finally:
            await edge.packer.stop()
            await sink.stop()

    guard = _Guard(edge)
    routes = [Route(path, guard.around(path, handler), methods=[method]) for method, path, handler in ROUTES]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: guard.unrouted})
    app.state.edge = edge
    return app


class _Guard:
    """What happens around each request."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._running = 0

    def around(self, path: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A Starlette endpoint of a handler."""

        async def endpoint(request: Request) -> Response:
            self._running += 1
            try:
                response = await self._answer(path, handler, request)
            finally:
                self._running -= 1
            self._edge.metrics.request(path, response.status_code)
            return response

        return endpoint

    async def unrouted(self, request: Request, error: Exception) -> Response:
        """404 and 405 of the router, as JSON like everything else."""
        assert isinstance(error, HTTPException)
        self._edge.metrics.request("none", error.status_code)
        if error.status_code == 405:  # noqa: PLR2004
            allowed = (error.headers or {}).get("Allow", "another method")
            message = f"expected {allowed}, got {request.method[:20]!r}"
            return Problem(405, "method_not_allowed", message, headers={"allow": allowed}).response()
        known = [path for _, path, _ in ROUTES]
        return Problem(404, "unknown_address", f"expected one of {', '.join(known)}", known=known).response()

    async def _answer(self, path: str, handler: Handler, request: Request) -> Response:
        try:
            if self._running > MOST_REQUESTS and request.method == "POST":
                raise unavailable("too many requests at once", 1)  # noqa: TRY301 -- answered like the others
            return await handler(request, self._edge)
        except Problem as problem:
            return problem.response()
        except Unavailable as away:
            return unavailable(str(away), away.retry_after).response()
        except ClientDisconnect:
            return Problem(400, "client_gone", "expected the whole body, got the end of the connection").response()
        except Exception as error:  # noqa: BLE001 -- the last resort: nothing may end without an answer
            self._edge.metrics.unhandled(path)
            # Not the message: it may quote a payload or a header.
            log.error(  # noqa: TRY400
                "unhandled %s on %s at %s", type(error).__name__, path, _place(error), extra={"route": path}
            )
            message = "a defect of this service; nothing of this request was acknowledged, send it again later"
            return Problem(500, "internal_error", message).response()


def _place(error: Exception) -> str:
    """Module and line of the innermost frame."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace else "?"

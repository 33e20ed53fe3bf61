"""The HTTP edge: ClickHouse's interface (``/`` and ``/ping``) on loopback, in front of the executor."""

import asyncio
import re
import uuid
from contextlib import ExitStack, suppress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from deploy.local.engine import respond
from deploy.local.engine.config import Limits
from deploy.local.engine.credentials import Credentials
from deploy.local.engine.errors import EngineError, TooLargeError
from deploy.local.engine.execute import Executor
from deploy.local.engine.lanes import Lane
from deploy.local.engine.request import Asked, authenticated, check_origin, parse

_QUERY_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


class Server:
    """Answers requests; owns a lane of slots per role."""

    def __init__(self, executor: Executor, credentials: Credentials, limits: Limits) -> None:
        self._executor = executor
        self._credentials = credentials
        self._limits = limits
        self._lanes = {
            "writer": Lane("writer", limits.writers, limits.waiting),
            "reader": Lane("reader", limits.readers, limits.waiting),
        }
        # A route whose endpoint is a class or an object is plain ASGI: the statement's slot and connection then live
        # exactly as long as the sending of its answer.
        self.app = Starlette(routes=[Route("/ping", _ping), Route("/", _Query(self))])

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads a request, waits for a slot, runs the statement and sends its answer."""
        request = Request(scope, receive)
        given = request.query_params.get("query_id", "")
        # It goes into a header: anything that could end the line is not an id.
        query_id = given if _QUERY_ID.fullmatch(given) else str(uuid.uuid4())
        head = {
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Server-Display-Name": self._executor.name,
            "X-ClickHouse-Timezone": self._executor.timezone,
        }
        try:
            check_origin(request.headers)
            role = authenticated(request.headers, request.query_params, self._credentials)
            with self._lanes[role].place():
                body = await self._body(request)
                asked = parse(role, request.method, request.url.query, request.headers, body, self._limits)
                await self._run(asked, head, receive, send)
        except EngineError as error:
            await respond.refusal(error, head)(scope, receive, send)

    async def _run(self, asked: Asked, head: dict[str, str], receive: Receive, send: Send) -> None:
        lane = self._lanes[asked.role]
        async with lane.slot:
            with ExitStack() as resources:
                answer = await lane.run(self._executor.run, asked, resources)
                if answer.rest is None:
                    await respond.whole(send, answer, asked, head=head, lane=lane)
                    return
                # A caller that does not fetch keeps a slot; the engine's own time limit does not see it.
                patience = self._limits.reader_seconds if asked.role == "reader" else None
                # What was begun then stays without its end, which the server takes as the order to hang up.
                with suppress(TimeoutError):
                    async with asyncio.timeout(patience):
                        await respond.stream(receive, send, answer, asked, head=head, lane=lane)

    async def _body(self, request: Request) -> bytes:
        limit = self._limits.body_bytes
        too_large = TooLargeError(f"a body may hold {limit} bytes, got more: send smaller blocks")
        declared = request.headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > limit:
            raise too_large
        pieces, size = [], 0
        async for piece in request.stream():
            size += len(piece)
            if size > limit:
                raise too_large
            pieces.append(piece)
        return b"".join(pieces)


class _Query:
    def __init__(self, server: Server) -> None:
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._server.handle(scope, receive, send)


async def _ping(request: Request) -> Response:
    try:
        check_origin(request.headers)
    except EngineError as error:
        return respond.refusal(error, {})
    return PlainTextResponse("Ok.\n")

"""Answers on the wire: a whole body with its summary, a stream of chunks, or a typed refusal."""

import asyncio
import json
import secrets
from collections.abc import Mapping
from typing import Final

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Send

from deploy.local.engine import wire
from deploy.local.engine.connection import Counts
from deploy.local.engine.errors import EngineError
from deploy.local.engine.execute import Answer
from deploy.local.engine.lanes import Lane
from deploy.local.engine.request import Asked

_CONTENT_TYPES: Final = {
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    **dict.fromkeys(("Native", "RowBinary", "Arrow", "ArrowStream", "Parquet"), "application/octet-stream"),
}


def refusal(error: EngineError, head: Mapping[str, str]) -> Response:
    """The typed exception every ClickHouse client understands: status, code header and text."""
    headers = dict(head) | {"X-ClickHouse-Exception-Code": str(error.code)}
    if error.status == 503:  # noqa: PLR2004 - Service Unavailable
        headers["Retry-After"] = "1"
    return PlainTextResponse(error.body(), error.status, headers)


async def whole(send: Send, answer: Answer, asked: Asked, *, head: Mapping[str, str], lane: Lane) -> None:
    """Sends an answer that is all there, with ``X-ClickHouse-Summary``."""
    body = answer.body
    if asked.encoding:
        body = await lane.run(wire.encoded, body, asked.encoding)
    extra = {"Content-Length": str(len(body))}
    if answer.counts is not None:
        extra["X-ClickHouse-Summary"] = summary(answer.counts, len(answer.body))
    await _start(send, asked, {**head, **extra})
    await send({"type": "http.response.body", "body": body})


async def stream(
    receive: Receive, send: Send, answer: Answer, asked: Asked, *, head: Mapping[str, str], lane: Lane
) -> None:
    """Sends an answer chunk by chunk as the engine makes it, and stops when the caller has gone.

    When the engine fails on the way, its error is appended between the tags the header announced, and the response
    is left without its end, so that no client can take what it got for an answer.
    """
    assert answer.rest is not None
    tag = secrets.token_hex(8)
    await _start(send, asked, {**head, "X-ClickHouse-Exception-Tag": tag})
    encoder = wire.compressor(asked.encoding) if asked.encoding else None
    gone = asyncio.ensure_future(receive())
    chunk: bytes | None = answer.body
    try:
        while chunk is not None and not gone.done():
            encoded = encoder.compress(chunk) if encoder else chunk
            await send({"type": "http.response.body", "body": encoded, "more_body": True})
            try:
                chunk = await lane.run(next, answer.rest, None)
            except EngineError as error:
                text = error.body()
                tagged = f"\r\n__exception__\r\n{tag}\r\n{text}{len(text.encode())} {tag}\r\n__exception__\r\n".encode()
                encoded = encoder.compress(tagged) + encoder.flush() if encoder else tagged
                await send({"type": "http.response.body", "body": encoded, "more_body": True})
                return
        await send({"type": "http.response.body", "body": encoder.flush() if encoder else b""})
    finally:
        gone.cancel()


def summary(counts: Counts, result_bytes: int) -> str:
    """The counts as ClickHouse writes them: a JSON object of numbers in quotes."""
    return json.dumps(
        {
            "read_rows": str(counts.read_rows),
            "read_bytes": str(counts.read_bytes),
            "written_rows": str(counts.written_rows),
            "written_bytes": str(counts.written_bytes),
            "total_rows_to_read": "0",
            "result_rows": str(counts.result_rows),
            "result_bytes": str(result_bytes),
            "elapsed_ns": str(int(counts.elapsed * 1e9)),
        },
        separators=(",", ":"),
    )


async def _start(send: Send, asked: Asked, head: Mapping[str, str]) -> None:
    headers = {
        **head,
        "Content-Type": _CONTENT_TYPES.get(asked.format, "text/plain; charset=UTF-8"),
        "X-ClickHouse-Format": asked.format,
    }
    if asked.encoding:
        headers["Content-Encoding"] = asked.encoding
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": raw})

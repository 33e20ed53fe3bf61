"""POST /v1/gateway/<name>: request records of gateways, and whole batches of senders that map by themselves.

Vendors' records become units here: one POST is one unit (or several parts of a large one, cut by its raw bytes alone),
identified by the sender, the Idempotency-Key and the bytes, so that the same POST again is the same units.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from producers.http.arrow_size import Declared, declared
from producers.http.edge import Edge, compute
from producers.http.limits import GATEWAY_BYTES, INFLATED_BYTES, body_of, media_type
from producers.http.parsing import parse_json
from producers.http.problems import Problem, json_response, too_large
from producers.http.receipts import Outcome, receipt_of
from producers.http.routes_webhooks import source_of
from producers.packing import PART_BYTES, cut
from producers.sources.careful import map_records
from producers.sources.common import Context, GatewayMapped
from producers.sources.gateway_rows import are_unique
from producers.sources.registry import Source
from schemas import gateway

BATCHES: Final = "batches"
_LONGEST_KEY: Final = 200
MOST_RECORDS: Final = 5 * gateway.MAX_REQUESTS
"""Records of one POST. Each may end as a dead letter of its own, and 8 MiB hold millions of `1,`."""


@dataclass(frozen=True)
class Part:
    """One unit of a POST: its records as they came and what they became."""

    raws: Sequence[bytes]
    mapped: GatewayMapped


async def records(request: Request, edge: Edge) -> Response:
    """Records of one vendor's gateway: one JSON object, or an array of them."""
    source = source_of(request, "gateway")
    with edge.tallies.refusing(source.name):
        return await _records(source, request, edge)


async def _records(source: Source, request: Request, edge: Edge) -> Response:
    token = edge.access.token(request.headers.get("authorization"), "gateway")
    if media_type(request) != "application/json":
        got = media_type(request)[:100]
        raise Problem(415, "unsupported_media_type", f"expected Content-Type application/json, got {got!r}")
    key = request.headers.get("idempotency-key", "")
    if len(key) > _LONGEST_KEY:
        message = f"expected an Idempotency-Key of at most {_LONGEST_KEY} characters, got {len(key)}"
        raise Problem(400, "bad_idempotency_key", message)
    async with body_of(request, edge.budget, source.max_bytes, may_be_gzip=True) as raw:
        position = key or "body"
        parts, is_safe = await compute(len(raw), lambda: _map(source, raw, (token.name, position), edge.context))
        outcome = Outcome(source.name, receipt_of(token.name, raw), replay_safe=bool(key) or is_safe)
        for part in parts:
            _accept(outcome, part.mapped.rows)
            outcome.ignored.update(part.mapped.ignored)
            for rejected in part.mapped.rejected:
                kept = raw if rejected.position is None else part.raws[rejected.position]
                edge.reject(outcome, source, rejected, kept, request)
        with edge.metrics.durable():
            await asyncio.gather(*(edge.packer.add(token.name, part.mapped.rows) for part in parts))
        receipt = await edge.finish(outcome)
        return json_response(source.answer(outcome.dead_lettered), 200) if source.answer else receipt


async def batches(request: Request, edge: Edge) -> Response:
    """A Batch of the gateway contract, as Arrow or its JSON twin; its units are taken as given."""
    with edge.tallies.refusing(BATCHES):
        return await _batches(request, edge)


async def _batches(request: Request, edge: Edge) -> Response:
    token = edge.access.token(request.headers.get("authorization"), "gateway")
    media = media_type(request)
    if media not in {gateway.ARROW, "application/json"}:
        message = f"expected Content-Type {gateway.ARROW} or application/json, got {media[:100]!r}"
        raise Problem(415, "unsupported_media_type", message)
    async with body_of(request, edge.budget, GATEWAY_BYTES, may_be_gzip=True) as raw:
        rows = await compute(len(raw), lambda: _decode(raw, media))
        with edge.metrics.durable():
            await edge.packer.add(token.name, rows)
        outcome = Outcome(BATCHES, receipt_of(token.name, raw))
        _accept(outcome, rows)
        return await edge.finish(outcome)


def _accept(outcome: Outcome, rows: pa.Table) -> None:
    """Count rows that are on their way."""
    if rows.num_rows:
        outcome.accepted += rows.num_rows
        outcome.became["requests"] += rows.num_rows
        latest = pc.max(rows["at"]).as_py()
        outcome.latest = max(outcome.latest or latest, latest)


def _decode(raw: bytes, media: str) -> pa.Table:
    try:
        if media == gateway.ARROW:
            _check_size(declared(raw))
        return gateway.decode(raw, media)
    except (ValueError, OverflowError, pa.ArrowException) as error:
        if isinstance(error, ValidationError):
            raise _violation(error) from None
        # ValueError is BatchError's base, and what pyarrow raises while it looks at the values.
        raise Problem(422, "contract_violation", f"{error}; nothing of this request was accepted") from None


def _check_size(size: Declared) -> None:
    if size.bytes > INFLATED_BYTES:
        raise too_large("a batch decompressed", INFLATED_BYTES, "inflated_too_large")
    if size.values > len(gateway.SCHEMA) * gateway.MAX_REQUESTS:
        raise gateway.BatchError(f"expected 1..{gateway.MAX_REQUESTS} requests in a batch, got {size.values} values")


def _violation(error: ValidationError) -> Problem:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    message = f"{where}: {first['msg']}; nothing of this request was accepted".removeprefix(": ")
    return Problem(422, "contract_violation", message, field=where)


def _map(source: Source, raw: bytes, identity: tuple[str, str], context: Context) -> tuple[list[Part], bool]:
    """The parts of a POST, and whether its records carry unique ids."""
    payload = parse_json(raw)
    values = source.records(payload)
    if len(values) > MOST_RECORDS:
        message = f"expected at most {MOST_RECORDS:,} records in a request, got {len(values):,}: send it in parts"
        raise Problem(413, "too_many_records", message, limit=MOST_RECORDS)
    # Positions of records in the bytes are only needed where something is cut off or put aside.
    is_cut = len(values) > gateway.MAX_REQUESTS or len(raw) > PART_BYTES
    raws = _raws(source, raw, payload, values) if is_cut else None
    ranges = [range(len(values))] if raws is None else cut([len(one) for one in raws])
    parts: list[Part] = []
    for number, where in enumerate(ranges):
        sender, position = identity
        unit = gateway.unit_id(sender, position if len(ranges) == 1 else f"{position}#{number}", raw)
        mapped = map_records(source, values[where.start : where.stop], unit=unit, context=context)
        if mapped.rejected and raws is None:
            raws = _raws(source, raw, payload, values)
        parts.append(Part(raws[where.start : where.stop] if raws else (), mapped))
    is_safe = source.request_id is not None and are_unique(map(source.request_id, values))
    return parts, is_safe


def _raws(source: Source, raw: bytes, payload: Any, values: list[Any]) -> list[bytes]:
    """Each record's own bytes; `raw` is known to be good JSON."""
    if source.unpack is not None:
        return [msgspec.json.encode(one) for one in values]
    if not isinstance(payload, list):
        return [raw]
    return [bytes(one) for one in msgspec.json.decode(raw, type=list[msgspec.Raw])]

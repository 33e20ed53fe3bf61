"""A payload or a log through its mapper, nothing sent: what would become of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from producers.client import structured
from producers.sources.common import Context, GatewayMapped, Rejected
from producers.sources.line_mapper import map_lines
from producers.sources.lines import FORMATS

if TYPE_CHECKING:
    from producers.source.setups import Sender
    from schemas.envelope import Event

_UNIT: Final = "0" * 32
_SHOWN_ROWS: Final = 20


@dataclass(frozen=True)
class Trial:
    """What became of it.

    Attributes:
        events: contract events.
        rows: gateway rows.
        ignored: reason -> number.
        rejected: what was refused, and why.
    """

    events: tuple[Event, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()
    ignored: Counter[str] = field(default_factory=Counter)
    rejected: tuple[Rejected, ...] = ()

    def body(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            "events": [structured(event) for event in self.events],
            "rows": list(self.rows),
            "ignored": dict(self.ignored),
            "rejected": [
                {"reason": one.reason, "detail": one.detail, "position": one.position} for one in self.rejected
            ],
        }

    def lines(self) -> Iterator[str]:
        """As people read it."""
        for event in self.events:
            yield f"{event.type} at {event.time.isoformat()}, {event.subject or event.source}"
            said = event.data.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
            yield from (f"    {name}: {_short(value)}" for name, value in said.items())
        for row in self.rows[:_SHOWN_ROWS]:
            yield f"{row['at']} {row['method']} {row['service'] or '(no service)'} {row['route']} -> {_answer(row)}"
        if len(self.rows) > _SHOWN_ROWS:
            yield f"… {len(self.rows):,} requests in all"
        yield from (f"ignored: {reason} ({count})" for reason, count in sorted(self.ignored.items()))
        for one in self.rejected:
            where = "" if one.position is None else f" (at {one.position:,})"
            yield f"rejected{where}: {one.reason}: {one.detail}"


def trial(
    sender: Sender, raw: bytes, headers: Mapping[str, str], context: Context, *, service: str | None, zone: str | None
) -> Trial:
    """What a sender's mapper makes of bytes.

    Args:
        sender: whose mapper: a source's payload; else whole lines of a log.
        raw: the payload or the log.
        headers: request headers that the vendor sends with it.
        context: salt of hashed persons.
        service: whom a log speaks of where a line does not say.
        zone: time zone of a log that tells none.
    """
    source = sender.source
    if source is None:
        mapped = map_lines(raw, unit=_UNIT, format=sender.name, context=context, service=service, zone=zone)
        return _of_rows(mapped)
    try:
        payload = _parsed(raw, is_gateway=source.map_gateway is not None)
        if source.map_gateway:
            return _of_rows(source.map_gateway(source.records(payload), unit=_UNIT, context=context))
        assert source.map_events
        events = source.map_events(payload, headers, context)
    except Rejected as rejected:
        return Trial(rejected=(rejected,))
    return Trial(events.events, ignored=Counter(events.ignored))


def is_readable(sender: Sender) -> bool:
    """Whether there is a mapper to try: `emit` sends what is made already."""
    return sender.source is not None or sender.name in FORMATS


def _parsed(raw: bytes, *, is_gateway: bool) -> Any:
    from producers.http.parsing import parse_json  # noqa: PLC0415 - importing the edge takes its time
    from producers.http.problems import Problem  # noqa: PLC0415

    try:
        return parse_json(raw)
    except Problem as problem:
        if is_gateway:  # a file-log has one record a line
            try:
                return [json.loads(line) for line in raw.splitlines() if line.strip()]
            except ValueError:
                pass
        raise Rejected("malformed_json", str(problem)) from None


def _of_rows(mapped: GatewayMapped) -> Trial:
    rows = [
        {name: value for name, value in row.items() if name != "unit" and value not in {"", None}}
        for row in mapped.rows.to_pylist()
    ]
    for row in rows:
        row["at"] = row["at"].isoformat()
    return Trial(
        rows=tuple({"service": "", "route": "", "method": "", **row} for row in rows),
        ignored=Counter(mapped.ignored),
        rejected=mapped.rejected,
    )


def _answer(row: Mapping[str, Any]) -> str:
    took = f" in {row['latency_us'] / 1000:g} ms" if "latency_us" in row else ""
    who = f" for {row['consumer']}" if "consumer" in row else ""
    return f"{row['status']} ({row['outcome']}){took}{who}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:200] + "…"  # noqa: PLR2004

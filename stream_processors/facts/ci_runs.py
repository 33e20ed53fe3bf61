"""CI runs out of their states: one row per native attempt, which (source, run id, attempt) identifies.

What the states of an attempt contradict each other in is taken from the earliest by event time, then the smaller id;
so the earliest report of its end stands. An event's own time says when its state was reached; where a report of the
end alone is there, it says when the run was queued and started, or nobody does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

from schemas.delivery import CiRun
from stream_processors.facts.rows import CiRunRow
from stream_processors.resolve import Resolved

Said = tuple[Resolved, CiRun]
T = TypeVar("T")


def ci_runs(events: Iterable[Resolved]) -> list[CiRunRow]:
    """The attempts that these events, in order of (time, id), tell of."""
    told: defaultdict[tuple[str, str, int], list[Said]] = defaultdict(list)
    for resolved in events:
        if isinstance(resolved.event.data, CiRun):
            data = resolved.event.data
            told[resolved.event.source, data.run_id, data.attempt].append((resolved, data))
    return [_row(said) for _, said in sorted(told.items())]


def _row(said: Sequence[Said]) -> CiRunRow:
    first, data = said[0]
    ended = next((one for one in said if one[1].state == "finished"), None)
    finished_at = None if ended is None else ended[0].event.time
    repository = _earliest(said, lambda run: run.repository)
    return CiRunRow(
        source=first.event.source,
        run_id=data.run_id,
        attempt=data.attempt,
        provider=data.provider,
        system=_system(first.event.source, data.provider),
        name=_earliest(said, lambda run: run.name) or "",
        repository=(repository.name or repository.id or "") if repository else "",
        commit=_earliest(said, lambda run: run.commit) or "",
        ref=_earliest(said, lambda run: run.ref) or "",
        template=_earliest(said, lambda run: run.template) or "",
        rule=first.rule,
        outcome="" if ended is None else ended[1].outcome or "",
        queued_at=_earliest(said, lambda run: run.queued_at) or _reached(said, "queued"),
        started_at=_earliest(said, lambda run: run.started_at) or _reached(said, "started"),
        finished_at=finished_at,
        told_at=first.event.time,
        at=finished_at or first.event.time,
        event=(ended or said[0])[0].event.id,
    )


def _earliest(said: Sequence[Said], value: Callable[[CiRun], T | None]) -> T | None:
    return next((found for _, run in said if (found := value(run)) is not None), None)


def _reached(said: Sequence[Said], state: str) -> datetime | None:
    return next((one.event.time for one, run in said if run.state == state), None)


def _system(source: str, provider: str) -> str:
    """`//github.com` is the system github.com; `//adoption/emit` names no host: the provider stands."""
    host = urlsplit(source).hostname or ""
    return host if "." in host else provider

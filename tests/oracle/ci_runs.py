"""Attempts of CI runs: what the events of each say together, "of contradicting values the earliest by event time"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from schemas.delivery import CiRun
from schemas.envelope import Event
from tests.oracle.history import first_said, repository


@dataclass
class Run:
    """One attempt of one run."""

    source: str
    run_id: str
    attempt: int
    provider: str
    system: str
    name: str
    repository: str
    commit: str
    ref: str
    template: str
    outcome: str
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    told_at: datetime
    at: datetime
    event: str


def ci_runs(events: Sequence[Event]) -> list[Run]:
    """Events are the service's, in order."""
    runs = []
    for source, run_id, attempt in sorted({_key(event) for event in events if isinstance(event.data, CiRun)}):
        own = [event for event in events if isinstance(event.data, CiRun) and _key(event) == (source, run_id, attempt)]
        ends = [event for event in own if event.data.state == "finished"]  # type: ignore[union-attr]
        host = urlsplit(source).netloc
        first: Any = own[0].data
        runs.append(
            Run(
                source=source,
                run_id=run_id,
                attempt=attempt,
                provider=first.provider,
                system=host if "." in host else first.provider,
                name=_said(own, "name") or "",
                repository=next((repository(event) for event in own if repository(event)), ""),
                commit=_said(own, "commit") or "",
                ref=_said(own, "ref") or "",
                template=_said(own, "template") or "",
                outcome=(ends[0].data.outcome or "") if ends else "",  # type: ignore[union-attr]
                queued_at=_said(own, "queued_at") or _state(own, "queued"),
                started_at=_said(own, "started_at") or _state(own, "started"),
                finished_at=ends[0].time if ends else None,
                told_at=own[0].time,
                at=(ends or own)[0].time,
                event=(ends or own)[0].id,
            )
        )
    return runs


def _key(event: Event) -> tuple[str, str, int]:
    run: Any = event.data
    return event.source, run.run_id, run.attempt


def _said(own: Sequence[Event], field: str) -> Any:
    return first_said(getattr(event.data, field) for event in own)


def _state(own: Sequence[Event], state: str) -> datetime | None:
    return first_said(event.time for event in own if event.data.state == state)  # type: ignore[union-attr]

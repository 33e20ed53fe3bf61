"""The golden history as contract events, and the numbers that every implementation must give.

The history lies beside a checkout, not in the repository: `ADOPTION_GOLDEN` names its folder. Where it is absent,
tests that need it are skipped, except in CI, where its absence is an error.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.base import event_id
from schemas.catalog import Mapping, Ownership, Service, Team
from schemas.delivery import Commit, Deployment, Incident, Push, Repository
from schemas.envelope import Data, Event

SOURCE = "//golden.example"


def folder() -> Path:
    """Where the golden history lies; skips the test (in CI: fails it) when it lies nowhere."""
    named = os.environ.get("ADOPTION_GOLDEN")
    beside = [parent / "shared" / "fixtures" / "golden" for parent in Path(__file__).resolve().parents]
    for candidate in [Path(named)] if named else beside:
        if (candidate / "history.json").exists():
            return candidate
    message = "no golden history: set ADOPTION_GOLDEN to the folder with history.json and expected.json"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def expected() -> dict[str, Any]:
    """The numbers, per service."""
    return json.loads((folder() / "expected.json").read_text())


def window() -> tuple[datetime, datetime]:
    """[from, to) of the numbers."""
    history = json.loads((folder() / "history.json").read_text())["window"]
    return datetime.fromisoformat(history["start"]), datetime.fromisoformat(history["end"])


def golden_events() -> list[Event]:
    """The history as events: catalog facts, a push per commit to each service's repository, deployments, incidents."""
    heads: dict[str, str] = {}
    events: list[Event] = []
    for entry in json.loads((folder() / "history.json").read_text())["events"]:
        at = datetime.fromisoformat(entry["time"]).astimezone(UTC)
        for moment, subject, data in _contracts(entry, at, heads):
            identity = event_id(data.kind, subject, moment.isoformat(), data.model_dump_json())
            events.append(Event(id=identity, source=SOURCE, time=moment, subject=subject, data=data))
    return events


def _contracts(entry: dict[str, Any], at: datetime, heads: dict[str, str]) -> list[tuple[datetime, str, Data]]:
    service = entry["service"]
    repository = Repository(id=f"golden:{service}", name=f"golden.example/acme/{service}", default_branch="main")
    if entry["kind"] == "catalog":
        return [
            (at, service, Service(service=service, onboarded_at=at)),
            (at, entry["team"], Team(team=entry["team"])),
            (at, service, Ownership(name=service, team=entry["team"])),
            (at, service, Mapping(repository=repository.name or "", service=service)),
        ]
    if entry["kind"] == "commit":
        before, heads[service] = heads.get(service), entry["sha"]
        commit = Commit(sha=entry["sha"], committed_at=at, clock="committer", parents=1)
        push = Push(
            provider="golden",
            repository=repository,
            ref="refs/heads/main",
            before=before,
            after=entry["sha"],
            commits=(commit,),
        )
        return [(at, service, push)]
    if entry["kind"] == "deployment":
        deployment = Deployment(
            provider="golden",
            service=service,
            deployment_id=entry["id"],
            environment=entry["environment"],
            version=entry["version"],
            status=entry["status"],
            commits=tuple(Commit(sha=sha) for sha in entry["commits"]),
            title=entry.get("title"),
        )
        return [(at, service, deployment)]
    if entry["kind"] == "incident":
        opened = datetime.fromisoformat(entry["opened"])
        incident = Incident(
            provider="golden",
            service=service,
            incident_id=entry["id"],
            state="opened",
            opened_at=opened,
            environment=entry["environment"],
            commits=tuple(entry["commits"]),
        )
        resolved = datetime.fromisoformat(entry["resolved"])
        return [
            (opened, entry["id"], incident),
            (resolved, entry["id"], incident.model_copy(update={"state": "resolved"})),
        ]
    if entry["kind"] == "repository_created":
        return []  # no contract: a repository says nothing until something is pushed to it
    raise ValueError(f"unknown kind {entry['kind']!r} in the golden history")

"""From the options of `adoption emit` to one structured CloudEvent, as plain JSON values.

Pure. The contracts themselves are checked by the ingest service, which names the field that it refuses: importing them
here would cost more than the rest of the command. A test holds every event made here against its contract.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from producers.ci import CiStep
from producers.gitlog import LoggedCommit
from producers.sources.identity import is_bot, pseudonym
from producers.sources.redact import title as clean_title

SOURCE = "//adoption/emit"
PROVIDER = "emit"
COMMITS = 2_000
"""A commit is about 300 bytes of JSON; the ingest service takes bodies of 1 MiB."""
_TITLE = 200

Json = dict[str, Any]


def event_id(*identity: str | int | None) -> str:
    """The same digest as `schemas.base.event_id`, without its import."""
    canonical = json.dumps(identity, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def deployment(given: Json, step: CiStep | None, at: str) -> Json:
    """A deployment's status. Its id: the given one, else the CI step's, else a digest of what was given.

    Args:
        given: fields of the contract, None where not given; `deployment_id` may be None.
        step: the CI step, which fills what was not given.
        at: ISO 8601 time of the status.
    """
    data = _evidence(given, step)
    data["deployment_id"] = given.get("deployment_id") or _deployment_id(given, step, at)
    identity = (data["deployment_id"], data.get("environment"), data["status"], *_where(data))
    return _event("deployment", identity, at, data)


def is_repeatable(given: Json, step: CiStep | None) -> bool:
    """Whether the same command, run again, gives the same deployment."""
    return bool(step or any(given.get(name) for name in ("deployment_id", "version", "commit")))


def ci_run(given: Json, step: CiStep | None, at: str) -> Json:
    """A state of a CI run. Its id: the given one, else the CI system's, with the name where one is given.

    Raises:
        ValueError: outside a known CI system a run id must be given.
    """
    data = _evidence(given, step)
    if not data.get("run_id"):
        if step is None:
            raise ValueError("expected --run-id outside a known CI system, got none")
        data["run_id"] = f"{step.run}/{given['name']}" if given.get("name") else step.run
    data["attempt"] = given.get("attempt") or (step.attempt if step else 1)
    if step and step.pipeline:
        data.setdefault("name", step.pipeline)
    return _event("ci_run", (data["run_id"], data["attempt"], data["state"], *_where(data)), at, data)


def incident(given: Json, step: CiStep | None, at: str, *, at_given: bool) -> Json:
    """A state of an incident. A given time is part of its identity: an incident may be resolved more than once."""
    data = {name: value for name, value in _evidence(given, None).items() if name not in {"commit", "ref"}}
    if step and step.url:
        data.setdefault("url", step.url)
    return _event("incident", (data["incident_id"], data["state"], at if at_given else None, *_where(data)), at, data)


def change(given: Json, step: CiStep | None, at: str) -> Json:
    """A branch that moved.

    Raises:
        ValueError: no ref is given and the CI system names none.
    """
    data = _evidence(given, step)
    data["after"] = given.get("after") or data.get("commit")
    data.pop("commit", None)
    if not data.get("ref"):
        raise ValueError("expected --ref outside a known CI system, got none")
    where = (data.get("repository") or {}).get("name") or f"service:{data.get('service')}"
    return _event("push", (where, data["ref"], data.get("before"), data["after"]), at, _present(data))


def commits_of(log: Iterable[LoggedCommit], salt: bytes) -> list[Json]:
    """Commits as the contract has them, oldest first; authors are hashed."""
    return [
        _present(
            {
                "sha": commit.sha,
                "committed_at": commit.committed_at,
                "clock": "committer" if commit.committed_at else "unknown",
                "parents": len(commit.parents),
                "title": clean_title(commit.title, _TITLE),
                "author": pseudonym(salt, commit.email),
                "is_bot": is_bot(commit.author, commit.email),
            }
        )
        for commit in log
    ][::-1]


def _deployment_id(given: Json, step: CiStep | None, at: str) -> str:
    if step:
        return step.step
    moment = None if is_repeatable(given, step) else at
    named = (given.get(name) for name in ("service", "environment", "version", "commit", "region"))
    return event_id(PROVIDER, "deployment", *named, moment)


def _evidence(given: Json, step: CiStep | None) -> Json:
    data = _present({**given, "provider": PROVIDER})
    if given.get("repository"):
        data["repository"] = {"name": given["repository"].lower()}
    elif step and (step.repository or step.repository_id):
        data["repository"] = _present({"name": step.repository, "id": step.repository_id})
    if step:
        filled = {"commit": step.commit, "ref": step.ref, "url": step.url}
        data = {**_present(filled), **data}
    if data.get("commit"):
        data["commit"] = data["commit"].lower()
    return data


def _where(data: Json) -> tuple[str | None, str | None]:
    """Service and repository as far as given: each may number its runs, deployments and incidents from 1."""
    repository = data.get("repository") or {}
    return data.get("service"), repository.get("id") or repository.get("name")


def _event(kind: str, identity: tuple[str | int | None, ...], at: str, data: Json) -> Json:
    repository = data.get("repository") or {}
    event = {
        "specversion": "1.0",
        "id": event_id(PROVIDER, kind, *identity),
        "source": SOURCE,
        "type": f"adoption.{kind}.v1",
        "time": at,
        "subject": data.get("incident_id") or repository.get("name") or data.get("service"),
        "datacontenttype": "application/json",
        "data": {"kind": kind, **data},
    }
    return _present(event)


def _present(values: Json) -> Json:
    """What was given. An empty list stays: "there are no commits" is said, "" and no options are not."""
    return {name: value for name, value in values.items() if value is not None and value not in ("", (), {})}

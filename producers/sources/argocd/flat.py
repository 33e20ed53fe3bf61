"""Notification bodies that name a few fields of an Application, made the Application they were taken from.

Argo CD sends what its operator's template says. The template we document sends the Application whole; many that people
have written for other receivers send the same few fields under words of their own. Those words are listed here, so that
`mapper` reads one shape. A template renders an absent field as an empty text, `<nil>` or `<no value>`: it is absent.
"""

from __future__ import annotations

from typing import Any

from producers.sources.common import Rejected
from producers.sources.payload import Fields

_WORDS: dict[str, tuple[str, ...]] = {
    "name": ("app", "application", "app_name", "appName", "name"),
    "namespace": ("namespace",),
    "project": ("project",),
    "cluster": ("cluster",),
    "repository": ("repoURL", "repo", "git_repo", "repository"),
    "chart": ("chart",),
    "revision": ("revision", "git_revision", "commitid", "commit"),
    "phase": ("phase", "operationPhase", "operation_phase", "operationState", "status"),
    "started": ("startedAt", "started_at"),
    "finished": ("finishedAt", "finished_at", "timestamp"),
    "message": ("message",),
    "health": ("healthStatus", "health_status", "health"),
    "user": ("user", "initiated_by"),
}
_GROUPS = ("app", "application", "operation", "sync", "health")
"""Objects that some templates sort their fields into."""
_ABSENT = frozenset({"", "<nil>", "<no value>", "null"})


def application(body: Fields) -> dict[str, Any]:
    """An Application with what the body says of it, in Argo CD's own shape.

    Raises:
        Rejected: `missing_field`, where the body names neither an application nor a phase of its operation.
    """
    found = {meaning: _first(body, words) for meaning, words in _WORDS.items()}
    if not found["name"] or not found["phase"]:
        raise Rejected(
            "missing_field",
            'expected app, an Application (the template {"app": {{toJson .app}}, "context": {{toJson .context}}}), '
            "or its fields app, phase, revision, startedAt, finishedAt; got neither",
        )
    source = {"repoURL": found["repository"], "chart": found["chart"]}
    return {
        "metadata": {"name": found["name"]},
        "spec": {
            "project": found["project"],
            "source": source,
            "destination": {"namespace": found["namespace"], "server": found["cluster"]},
        },
        "status": {
            "health": {"status": found["health"]},
            "operationState": {
                "phase": found["phase"],
                "startedAt": found["started"],
                "finishedAt": found["finished"],
                "message": found["message"],
                "operation": {"initiatedBy": {"username": found["user"]}},
                "syncResult": {"revision": found["revision"], "source": source},
            },
        },
    }


def _first(body: Fields, words: tuple[str, ...]) -> str | None:
    inner = [body.child(name) for name in _GROUPS if isinstance(body.raw(name), dict)]
    for one in (body, *inner):
        for word in words:
            value = one.raw(word)
            if isinstance(value, str) and value.strip() not in _ABSENT:
                return value.strip()
    return None

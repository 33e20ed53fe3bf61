"""What `terraform apply -json` printed (OpenTofu's is the same), as far as a deployment asks: how it ended, and when.

Read by `adoption emit deployment --terraform-log`, so that a job that runs Terraform itself need not know. Pure. The
lines hold addresses and ids of resources, and outputs: of all that, only the first error's summary is taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from producers.sources.redact import title

_COUNTS = ("add", "change", "remove", "import")
_TITLE = 200


class Applied(NamedTuple):
    """How an apply ended.

    Attributes:
        status: `success`, `failure`, or `skipped` where it changed nothing, or was a plan or a destruction.
        at: when, as Terraform wrote it (ISO 8601 with an offset).
        started_at: when the first resource was begun; None where none was.
        title: the first error, without addresses and secrets.
    """

    status: str
    at: str
    started_at: str | None
    title: str | None


def applied(lines: Iterable[str]) -> Applied:
    """How the apply ended that printed these lines; lines that are none of Terraform's are passed over.

    Raises:
        ValueError: they do not tell an end.
    """
    begun = summary = failure = None
    for line in lines:
        it = _message(line)
        kind, at = it.get("type"), it.get("@timestamp")
        if not isinstance(at, str):
            continue
        if kind == "apply_start":
            begun = begun or at
        elif kind == "change_summary":
            summary = (at, it.get("changes"))
        elif kind == "diagnostic" and it.get("@level") == "error":
            failure = failure or (at, it.get("diagnostic"))
    if failure:
        return Applied("failure", failure[0], begun, _said(failure[1]))
    if summary:
        return Applied("success" if _changed(summary[1]) else "skipped", summary[0], begun, None)
    raise ValueError("expected all that `terraform apply -json` printed, got neither its summary nor an error")


def _message(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _changed(changes: Any) -> bool:
    if not isinstance(changes, dict) or changes.get("operation") != "apply":
        return False
    return any(isinstance(changes.get(name), int) and changes[name] > 0 for name in _COUNTS)


def _said(diagnostic: Any) -> str | None:
    summary = diagnostic.get("summary") if isinstance(diagnostic, dict) else None
    return title(summary, _TITLE) if isinstance(summary, str) else None

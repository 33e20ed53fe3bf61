"""GitLab `deployment` and `release` to deployments.

A deployment names its commit by 8 characters; the whole id is the end of `commit_url`. `environment_tier` is what the
environment's owner (or its name) says; `other` says nothing.
"""

from __future__ import annotations

from typing import Literal

from producers.sources import forge
from producers.sources.common import Context, Mapped, Rejected
from producers.sources.evidence import chosen, link, maybe_sha, sha, word
from producers.sources.forge import Origin, left_out
from producers.sources.gitlab.shared import GITLAB, account
from producers.sources.payload import Fields
from producers.sources.redact import title
from schemas.delivery import Deployment

Status = Literal["queued", "started", "success", "failure", "cancelled", "skipped"]

_STATUSES: dict[str, Status] = {
    "created": "queued",
    "blocked": "queued",
    "running": "started",
    "success": "success",
    "failed": "failure",
    "canceled": "cancelled",
    "skipped": "skipped",
}
_TIERS: dict[str, Literal["production", "nonprod"] | None] = {
    "production": "production",
    "staging": "nonprod",
    "testing": "nonprod",
    "development": "nonprod",
    "other": None,
}


def deployment(payload: Fields, where: Origin, context: Context) -> Mapped:
    """A deployment's status, at the time it changed."""
    status = chosen(payload, "status", _STATUSES)
    at = payload.instant("status_changed_at")
    number = _number(payload)
    tier = chosen(payload, "environment_tier", _TIERS, "unknown_tier") if "environment_tier" in payload else None
    return where.mapped(
        at,
        ("deployment", number, payload.text("status"), at.isoformat()),
        lambda: Deployment(
            provider=GITLAB.name,
            repository=where.repository,
            **account(context, payload.maybe_child("user")),
            url=link(payload, "deployable_url"),
            deployment_id=number,
            environment=word(payload, "environment"),
            tier=tier,
            ref=payload.maybe_text("ref"),
            commit=_commit(payload),
            status=status,
            started_at=at if status == "started" else None,
            title=title(payload.maybe_text("commit_title") or ""),
        ),
    )


def release(payload: Fields, where: Origin, context: Context) -> Mapped:  # noqa: ARG001 - a release names no person
    """A release that was made; `update` and `delete` of one tell nothing new."""
    action = payload.text("action")
    if action != "create":
        return left_out(GITLAB, "release", action)
    tag, number = payload.text("tag"), payload.integer("id")
    commit = payload.maybe_child("commit")
    return forge.release(
        where,
        number,
        tag,
        payload.instant("released_at"),
        who={},
        url=link(payload, "url"),
        commit=sha(commit, "id") if commit else None,
        name=payload.maybe_text("name"),
    )


def _number(payload: Fields) -> str:
    """The deployment's number; servers before 14.1 tell only the number of the job that did it."""
    number, job = payload.maybe_integer("deployment_id"), payload.maybe_integer("deployable_id")
    if number is None and job is None:
        raise Rejected("missing_field", "expected deployment_id (or deployable_id), got a payload without it")
    return f"job:{job}" if number is None else str(number)


def _commit(payload: Fields) -> str | None:
    page, short = link(payload, "commit_url") or "", sha(payload, "short_sha")
    whole = maybe_sha(page.rstrip("/").rpartition("/")[2])
    return whole if whole and whole.startswith(short or "") else short

"""GitHub `deployment`, `deployment_status` and `release` to deployments.

A deployment's own `payload` (what the deploying job passed when it made it) may carry, as texts, `version`, `service`,
`region` and `release_id`, and `rollback: true`; other keys are ignored. GitHub's production flag is passed on as it is:
false says nothing. A release is evidence of a deployment only where the platform deploys by release, so it names no
environment: it shows in coverage, and never counts as production by itself.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from producers.sources import forge
from producers.sources.common import Context, Mapped
from producers.sources.evidence import chosen, link, sha
from producers.sources.forge import Origin, left_out
from producers.sources.github.shared import GITHUB, account
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title
from schemas.delivery import Deployment

Status = Literal["queued", "started", "success", "failure", "error", "inactive"]

_STATUSES: dict[str, Status] = {
    "waiting": "queued",
    "pending": "queued",
    "queued": "queued",
    "in_progress": "started",
    "success": "success",
    "failure": "failure",
    "error": "error",
    "inactive": "inactive",
}
_FULL_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def deployment(payload: Fields, where: Origin, context: Context) -> Mapped:
    """A deployment asked for."""
    it = payload.child("deployment")
    at = it.instant("created_at")
    data = _deployment(it, where, status="queued", environment=it.maybe_text("environment"))
    data |= account(context, it.maybe_child("creator"))
    identity = ("deployment", it.integer("id"))
    return where.mapped(at, identity, lambda: Deployment(**data))


def deployment_status(payload: Fields, where: Origin, context: Context) -> Mapped:
    """One status of a deployment; statuses are immutable, so each has its own id and time."""
    it, said = payload.child("deployment"), payload.child("deployment_status")
    status = chosen(said, "state", _STATUSES)
    at = said.instant("created_at")
    environment = said.maybe_text("environment") or it.maybe_text("environment")
    data = _deployment(it, where, status=status, environment=environment)
    data |= account(context, said.maybe_child("creator") or it.maybe_child("creator"))
    data["url"] = link(said, "log_url", "target_url")
    data["started_at"] = at if status == "started" else None
    identity = ("deployment_status", said.integer("id"))
    return where.mapped(at, identity, lambda: Deployment(**data))


def release(payload: Fields, where: Origin, context: Context) -> Mapped:
    """A published release. One publish fires `created`, `published` and `released`: `published` alone counts."""
    action, it = payload.text("action"), payload.child("release")
    if action != "published" or it.flag("draft"):
        return left_out(GITHUB, "release", "draft" if action == "published" else action)
    target = it.maybe_text("target_commitish") or ""
    return forge.release(
        where,
        it.integer("id"),
        it.text("tag_name"),
        it.instant("published_at"),
        who=account(context, it.maybe_child("author")),
        url=link(it, "html_url"),
        commit=target if _FULL_SHA.fullmatch(target) else None,
        name=it.maybe_text("name"),
    )


def _deployment(it: Fields, where: Origin, *, status: Status, environment: str | None) -> dict[str, Any]:
    ref = it.maybe_text("ref")
    app = it.maybe_child("performed_via_github_app")
    task = it.maybe_text("task") or ""
    given = _given(it)
    return {
        "provider": GITHUB.name,
        "repository": where.repository,
        "service": given.get("service"),
        "deployment_id": str(it.integer("id")),
        "environment": dimension(environment or "") or None,
        "is_production": it.maybe_flag("production_environment"),
        "region": given.get("region"),
        "release_id": given.get("release_id"),
        "version": given.get("version"),
        "ref": None if ref and _FULL_SHA.fullmatch(ref) else ref,
        "commit": sha(it, "sha"),
        "status": status,
        "title": title(it.maybe_text("description") or ""),
        "is_rollback": True if given.get("rollback") or task.partition(":")[0] == "rollback" else None,
        "deployer": dimension(app.maybe_text("slug") or "") or None if app else None,
    }


def _given(it: Fields) -> dict[str, str]:
    """What the deploying job passed, as far as we know the words; an object, or the same as JSON text."""
    given = it.raw("payload")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return {}
    if not isinstance(given, dict):
        return {}
    words = {
        key: dimension(given[key]) for key in ("version", "service", "region", "release_id") if _is_text(given, key)
    }
    if given.get("rollback") is True:
        words["rollback"] = "true"
    return {key: word for key, word in words.items() if word}


def _is_text(given: dict[str, Any], key: str) -> bool:
    return isinstance(given.get(key), str)

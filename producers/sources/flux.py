"""Flux's notifications (`generic`, `generic-hmac`) to deployments: what a Kustomization or HelmRelease reconciled to.

An event has no id: its object, revision, reason and time stand for it. Other objects (sources, image policies) deploy
nothing and are ignored, and so is every reason that neither ends nor begins a deployment: the list of reasons is open.

- A HelmRelease tells of each Helm action. Its message names the Helm release (`apps/pay.v12`), whose number makes each
  upgrade a deployment of its own, also one back to an older chart. A rollback is Flux's answer to a failed upgrade; its
  message names the chart that is back, where the event's revision is the one that failed.
- A Kustomization's deployment is its revision. Flux keeps `ReconciliationSucceeded` from webhooks (it sets commit
  statuses): they hear what was applied (`Progressing`), then `Health check passed` or an error. What was applied is so
  the beginning, and the passed check the end; where no health checks are configured, say so in the alert's
  `eventMetadata` (`health-checks: none`) and it is the end itself.
- Revisions are `main@sha1:<commit>`, `sha1:<commit>`, `main/<commit>` before Flux 2, `6.5.0@sha256:<digest>` of an OCI
  artifact (no commit: that is in `originRevision`), and a chart's version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from producers.sources.common import Context, Mapped
from producers.sources.evidence import Vendor, labels, maybe_sha, word
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title
from producers.sources.times import stamp
from producers.sources.workloads import tag_of
from schemas.delivery import Deployment

VENDOR = Vendor("flux", revision=1)

Status = Literal["started", "success", "failure"]

_REASONS: dict[str, dict[str, Status]] = {
    "Kustomization": {
        "Progressing": "started",
        "ReconciliationSucceeded": "success",
        "ReconciliationFailed": "failure",
        "BuildFailed": "failure",
        "HealthCheckFailed": "failure",
        "PruneFailed": "failure",
        "ValidationFailed": "failure",
    },
    "HelmRelease": {
        "InstallSucceeded": "success",
        "UpgradeSucceeded": "success",
        "RollbackSucceeded": "success",
        "InstallFailed": "failure",
        "UpgradeFailed": "failure",
        "TestFailed": "failure",
        "RollbackFailed": "failure",
    },
}
_KEPT = ("app-version", "oci-digest", "cluster", "summary")
_PREFIXES = ("", "kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/", "event.toolkit.fluxcd.io/")
_GIT = re.compile(r"(?:(?P<ref>.+)@)?sha1:(?P<commit>[0-9a-f]{40})|(?P<branch>.+)/(?P<old>[0-9a-f]{40})")
_OCI = re.compile(r"(?:(?P<tag>[^@]+)@)?(?P<digest>sha256:[0-9a-f]{64})")
_RELEASE = re.compile(r"release \S+/\S+\.v(\d+)\b")
_CHART = re.compile(r"with chart \S+@(\S+?)(?:[\s:,]|$)")
_TAG = re.compile(r"(?:refs/tags/)?(v?\d+\.\d+\S*)")


class Revision(NamedTuple):
    """What Flux's text of a revision says."""

    commit: str | None = None
    ref: str | None = None
    version: str | None = None


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """The deployment that an event of a Kustomization or HelmRelease tells of.

    Raises:
        Rejected: what is missing or malformed in it.
    """
    event = Fields(payload)
    about = event.child("involvedObject")
    kind, reason = about.text("kind"), event.text("reason")
    reasons = _REASONS.get(kind)
    if reasons is None:
        return left_out(VENDOR, kind)
    status = reasons.get(reason)
    if status is None or (status == "started" and "message" not in event):
        return left_out(VENDOR, kind, reason)
    return _deployment(event, about, _ended(event, status))


def revision_of(text: str | None, *, is_chart: bool) -> Revision:
    """Commit, ref and version in a revision; a digest is no commit, nor is a chart's version."""
    if not text:
        return Revision()
    if is_chart:
        return Revision(version=dimension(text) or None)
    if git := _GIT.fullmatch(text):
        ref = git["ref"] or git["branch"]
        tag = _TAG.fullmatch(ref or "")
        return Revision(maybe_sha(git["commit"] or git["old"]), ref, dimension(tag[1]) if tag else None)
    if oci := _OCI.fullmatch(text):
        return Revision(version=tag_of(f"_:{oci['tag']}" if oci["tag"] else None) or tag_of(f"_@{oci['digest']}"))
    return Revision(version=dimension(text) or None)


def _ended(event: Fields, status: Status) -> Status:
    """Whether what a Kustomization applied, or its passed health check, is the end of its deployment."""
    is_checked = (event.maybe_text("message") or "").startswith("Health check passed")
    if status == "started" and (is_checked or _said(event, "health-checks") == "none"):
        return "success"
    return status


def _said(event: Fields, *names: str) -> str | None:
    """What the event's metadata (its object's, and what the alert adds) says under one of these names."""
    return word(event.maybe_child("metadata"), *(f"{prefix}{name}" for name in names for prefix in _PREFIXES))


def _deployment(event: Fields, about: Fields, status: Status) -> Mapped:
    at, reason, message = event.instant("timestamp"), event.text("reason"), event.maybe_text("message") or ""
    name, namespace = about.text("name"), about.maybe_text("namespace")
    is_chart, is_rollback = about.text("kind") == "HelmRelease", reason.startswith("Rollback")
    told = _said(event, "revision")
    found = revision_of(told, is_chart=is_chart)
    if is_rollback and (chart := _CHART.search(message)):
        found = revision_of(chart[1], is_chart=True)
    origin = revision_of(_said(event, "originRevision"), is_chart=False)
    known_by = about.maybe_text("uid") or f"{namespace or ''}/{name}"
    cluster = _said(event, "cluster")
    number = None if is_rollback else _RELEASE.search(message)
    action = stamp(at) if is_rollback else None
    which = action or (f"v{number[1]}" if number else found.commit or told or stamp(at))
    return Mapped(
        events=(
            VENDOR.event(
                f"//flux/{cluster}" if cluster else "//flux",
                (known_by, told, reason, status, stamp(at)),
                at,
                lambda: Deployment(
                    provider=VENDOR.name,
                    service=_said(event, "adoption/service", "service") or dimension(name),
                    labels=labels({key: _said(event, key) for key in _KEPT}),
                    deployment_id=dimension(f"{known_by}@{which}"),
                    environment=_said(event, "adoption/environment", "environment", "env")
                    or (dimension(namespace) if namespace else None),
                    region=_said(event, "adoption/region", "region"),
                    version=_said(event, "adoption/version", "version") or found.version or origin.version,
                    ref=found.ref or origin.ref,
                    commit=found.commit or origin.commit,
                    status=status,
                    title=title(message) if status == "failure" else None,
                    is_rollback=True if is_rollback else None,
                ),
                subject=dimension(name),
            ),
        )
    )

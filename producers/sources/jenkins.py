"""Jenkins' Notification plugin to CI runs, and to deployments where a build says that it is one.

A build tells of itself as it goes through its phases: queued and started at once, completed when its result is known,
finalized after its post-build steps. An endpoint may ask for the last one alone, so both are an end; the earlier one
counts. Their times: when it entered the queue (0: not known), when it started, start plus duration, Jenkins's clock.
A build is named by its job's path: the plugin's `name` is the last part alone, the branch of a multibranch job. An
unstable build failed: its tests did. Nothing says which steps of a pipeline deploy; a job that does says so by a
parameter of its builds, `ADOPTION_ENVIRONMENT`; others may say more: `ADOPTION_SERVICE`, `ADOPTION_VERSION`,
`ADOPTION_REGION`, `ADOPTION_RELEASE_ID`. The plugin sends a token as the password of its URL: `https://ci:token@…`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import unquote

from producers.sources.clones import clone
from producers.sources.common import Context, Mapped, Rejected
from producers.sources.evidence import Vendor, chosen, link, maybe_host, maybe_sha, ref_of, word
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.redact import dimension
from producers.sources.times import epoch_ms
from schemas.delivery import CiRun, Delivery, Deployment, Outcome
from schemas.envelope import Event

JENKINS = Vendor("jenkins", revision=1)

Status = Literal["queued", "started", "success", "failure", "cancelled", "skipped"]
_PHASES: dict[str, Literal["queued", "started", "finished"]] = {
    "QUEUED": "queued",
    "STARTED": "started",
    "COMPLETED": "finished",
    "FINISHED": "finished",  # of the plugin before 1.5
    "FINALIZED": "finished",
}
_RESULTS: dict[str, tuple[Outcome, Status]] = {
    "SUCCESS": ("success", "success"),
    "UNSTABLE": ("failure", "failure"),
    "FAILURE": ("failure", "failure"),
    "NOT_BUILT": ("skipped", "skipped"),
    "ABORTED": ("cancelled", "cancelled"),
}


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """The run's state, and its deployment's.

    Raises:
        Rejected: `unknown_status`, else what is missing or malformed.
    """
    body = Fields(payload)
    build = body.maybe_child("build")
    phase = build.maybe_text("phase") if build else None
    if build is None or phase not in _PHASES:
        return left_out(JENKINS, "phase", phase or "none")
    at = _time(build)
    if at is None:
        return left_out(JENKINS, "queued_at_an_unknown_time")
    state = _PHASES[phase]
    outcome, status = chosen(build, "status", _RESULTS) if state == "finished" else (None, None)
    name, run = _job(body), _run(build)
    host = maybe_host(build.maybe_text("full_url")) or "jenkins"
    scm = build.maybe_child("scm") or Fields({})
    parameters = build.maybe_child("parameters")
    environment = word(parameters, "ADOPTION_ENVIRONMENT")
    told: dict[str, Any] = {
        "provider": JENKINS.name,
        "service": word(parameters, "ADOPTION_SERVICE"),
        "repository": clone(scm.maybe_text("url")),
        "url": link(build, "full_url"),
        "ref": _branch(scm),
        "commit": maybe_sha(scm.maybe_text("commit")),
        "started_at": _start(build, phase, at),
    }
    where = told["repository"]

    def event(kind: str, data: Callable[[], Delivery]) -> Event:
        identity = (host, run, kind, phase, at.isoformat())
        return JENKINS.event(f"//{host}", identity, at, data, subject=(where.name if where else None) or name or run)

    ends = {"queued_at": at} if state == "queued" else {"finished_at": at} if state == "finished" else {}
    made = [event("run", lambda: CiRun(**told, **ends, run_id=run, name=name, state=state, outcome=outcome))]
    if environment:
        says = {key: word(parameters, f"ADOPTION_{key.upper()}") for key in ("version", "region", "release_id")}
        made.append(
            event(
                "deployment",
                lambda: Deployment(
                    **told, **says, deployment_id=run, environment=environment, status=status or _before(state)
                ),
            )
        )
    return Mapped(tuple(made))


def _before(state: str) -> Status:
    return "queued" if state == "queued" else "started"


def _time(build: Fields) -> datetime | None:
    """The phase's time, in milliseconds; None for a build that started before anybody saw it wait."""
    milliseconds = build.integer("timestamp")
    if milliseconds == 0 and build.maybe_text("phase") == "QUEUED":
        return None
    return epoch_ms(milliseconds, build.at("timestamp"))


def _start(build: Fields, phase: str, at: datetime) -> datetime | None:
    """When the build started: its time where it just did, and its end without its duration where that is told."""
    duration = build.maybe_integer("duration")
    if phase == "COMPLETED" and duration is not None and 0 < duration < at.timestamp() * 1000:
        return at - timedelta(milliseconds=duration)
    return at if phase == "STARTED" else None


def _job(body: Fields) -> str | None:
    """The job's path, `folder/pay`; its last part alone where the payload has no path."""
    parts = (body.maybe_text("url") or "").strip("/").split("/")
    path = "/".join(unquote(part) for part in parts[1::2]) if parts[0] == "job" else ""
    return dimension(path) or word(body, "name")


def _run(build: Fields) -> str:
    """The build within its Jenkins: `job/folder/job/pay/18`."""
    found = dimension(build.text("url").partition("?")[0].strip("/"))
    if not found:
        raise Rejected("missing_field", f"expected {build.at('url')} like job/pay/18/, got a text without a name")
    return found


def _branch(scm: Fields) -> str | None:
    """The branch without the remote's name, which Jenkins puts before it; a detached head is none."""
    branch = (scm.maybe_text("branch") or "").removeprefix("refs/remotes/").removeprefix("origin/")
    return None if branch == "detached" else ref_of(None, branch)

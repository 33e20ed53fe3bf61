"""Builds that Spinnaker saw (Igor) to CI runs: told while they are building, and again when they are finished.

`timestamp` is when a build began; it ended its `duration` later. The run is named as Jenkins's own webhook names it, so
that a build of which both tell is one.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from producers.sources.common import Mapped, Rejected
from producers.sources.evidence import chosen, link, maybe_host, ref_of, word
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.redact import dimension, page
from producers.sources.spinnaker.shared import SPINNAKER, revision_of, time
from schemas.delivery import CiRun, Outcome

_RESULTS: dict[str, Outcome] = {
    "SUCCESS": "success",
    "UNSTABLE": "failure",
    "FAILURE": "failure",
    "ABORTED": "cancelled",
    "NOT_BUILT": "skipped",
}
_LONGEST = timedelta(days=365)


def build(content: Fields) -> Mapped:
    """The last build of a project, as it stands."""
    project = content.child("project")
    it = project.child("lastBuild")
    is_building = it.flag("building") or it.maybe_text("result") == "BUILDING"
    if not is_building and "result" not in it:
        return left_out(SPINNAKER, "build.without_result")
    began = time(it, "timestamp")
    outcome = None if is_building else chosen(it, "result", _RESULTS)
    at = began if is_building else began + _duration(it)
    name, url = word(project, "name"), it.maybe_text("url")
    host, run = maybe_host(url) or "spinnaker", _run(it, url, word(content, "master"), name)
    code = revision_of(it)
    event = SPINNAKER.event(
        f"//{host}",
        (host, "build", run, outcome or "building", at.isoformat()),
        at,
        lambda: CiRun(
            provider=SPINNAKER.name,
            repository=code.repository,
            url=link(it, "url"),
            run_id=run,
            name=name,
            ref=ref_of(None, code.branch),
            commit=code.commit,
            state="started" if is_building else "finished",
            outcome=outcome,
            started_at=began,
            finished_at=None if is_building else at,
        ),
        subject=(code.repository.name if code.repository else None) or name or run,
    )
    return Mapped((event,))


def _duration(it: Fields) -> timedelta:
    milliseconds = it.integer("duration")
    if not 0 <= milliseconds <= _LONGEST / timedelta(milliseconds=1):
        raise Rejected(
            "out_of_range", f"expected {it.at('duration')} in milliseconds, at most a year, got another number"
        )
    return timedelta(milliseconds=milliseconds)


def _run(it: Fields, url: str | None, master: str | None, name: str | None) -> str:
    """The build within its instance: `job/pay/18` of a Jenkins, else project and number."""
    path = urlsplit(page(url) or "").path.strip("/")
    at = f"/{path}".find("/job/")
    return dimension(path[at:] if at >= 0 else path) or "/".join(
        part for part in (master, name, str(it.integer("number"))) if part
    )

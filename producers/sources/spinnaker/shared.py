"""What Spinnaker's events have in common: their times, and what a pipeline was triggered by.

Between `mapper.py`, which dispatches, and the modules of builds and pipelines. Times are milliseconds since 1970, as a
number or as text; what Spinnaker prints for people has no zone and is no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from producers.sources.clones import clone
from producers.sources.common import Rejected
from producers.sources.evidence import Vendor, maybe_sha
from producers.sources.forge import repository
from producers.sources.payload import Fields
from producers.sources.times import epoch_ms
from schemas.delivery import Repository

SPINNAKER = Vendor("spinnaker", revision=1)

_HOSTS = {"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}
_DEEPEST = 5
_DIGITS = 16
NOTHING = Fields({})


@dataclass(frozen=True)
class Code:
    """What was built or triggered a pipeline."""

    repository: Repository | None = None
    commit: str | None = None
    branch: str | None = None


def maybe_time(it: Fields, key: str) -> datetime | None:
    """A time in milliseconds, or None where it is absent or null."""
    value = it.raw(key)
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= _DIGITS):
            raise Rejected("malformed_time", f"expected {it.at(key)} in milliseconds since 1970, got another text")
        return epoch_ms(int(value), it.at(key))
    number = it.maybe_integer(key)
    return None if number is None else epoch_ms(number, it.at(key))


def time(it: Fields, key: str) -> datetime:
    """A time in milliseconds that must be there."""
    found = maybe_time(it, key)
    if found is None:
        raise Rejected("missing_field", f"expected {it.at(key)}, got a payload without it")
    return found


def triggers(execution: Fields) -> list[Fields]:
    """The pipeline's trigger, and that of the pipeline which triggered it, and so on."""
    found: list[Fields] = []
    it: Fields | None = execution
    while it is not None and len(found) < _DEEPEST and (trigger := it.maybe_child("trigger")):
        found.append(trigger)
        it = trigger.maybe_child("parentExecution")
    return found


def code_of(trigger: Fields) -> Code:
    """What a trigger says of the code: a push by itself, a build by what it built."""
    branch = trigger.maybe_text("branch")
    host = _HOSTS.get((trigger.maybe_text("source") or "").lower())
    project, slug = trigger.maybe_text("project"), trigger.maybe_text("slug")
    if trigger.maybe_text("hash"):
        where = repository(host, None, f"{project}/{slug}") if host and project and slug else None
        return Code(where, maybe_sha(trigger.maybe_text("hash")), branch)
    return revision_of(trigger.maybe_child("buildInfo") or NOTHING)


def revision_of(build: Fields) -> Code:
    """The first revision that a build names, by either of its lists."""
    for key in ("scm", "genericGitRevisions"):
        for one in build.children(key):
            return Code(clone(one.maybe_text("remoteUrl")), maybe_sha(one.maybe_text("sha1")), one.maybe_text("branch"))
    return Code()

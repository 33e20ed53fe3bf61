"""Branches as chains of pushes: which commits lie between two commits of a branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.delivery import Push
from schemas.envelope import Event
from tests.oracle.history import repository


@dataclass
class Segment:
    """Pushes that follow each other without a gap; `start` says why it could not be joined to the one before."""

    start: str
    base: str | None
    shas: list[str] = field(default_factory=list)


@dataclass
class Branch:
    """One branch of one repository."""

    repository: str
    ref: str
    segments: list[Segment] = field(default_factory=list)

    def holds(self, sha: str) -> bool:
        """Whether one of its pushes brought the commit."""
        return any(sha in segment.shas for segment in self.segments)


def branches(events: Sequence[Event]) -> list[Branch]:
    """All branches that were pushed to, in the order of their first push. Events are in order, of every service."""
    made: dict[tuple[str, str], Branch] = {}
    tips: dict[tuple[str, str], str | None] = {}
    for event in events:
        push = event.data
        if not isinstance(push, Push) or push.ref.startswith("refs/tags/"):
            continue
        key = (repository(event), push.ref.removeprefix("refs/heads/"))
        branch = made.setdefault(key, Branch(*key))
        if key in tips and push.after is not None and tips[key] == push.after:
            continue  # the branch is there already: the same push, told twice
        follows = key in tips and push.before is not None and push.before == tips[key] and not push.forced
        tips[key] = push.after
        if push.after is None:
            continue
        if not follows:
            branch.segments.append(Segment(_start(push, branch), push.before))
        shas = [commit.sha for commit in push.commits]
        if push.after not in shas:
            shas.append(push.after)
        branch.segments[-1].shas.extend(shas)
    return list(made.values())


def _start(push: Push, branch: Branch) -> str:
    if push.forced:
        return "forced"
    if push.before is None and not branch.segments:
        return ""
    return "gap"


def between(branch: Branch, previous: str | None, this: str) -> tuple[list[str], str]:
    """Commits after `previous` up to and including `this`, and why the chain had to start anew, if it had to."""
    here = min(i for i, segment in enumerate(branch.segments) if this in segment.shas)
    segment = branch.segments[here]
    upto = segment.shas[: segment.shas.index(this) + 1]
    if previous is None:
        return upto, ""
    if previous in upto:
        return upto[upto.index(previous) + 1 :], ""
    if any(previous in other.shas for other in branch.segments[here:]):
        return [], ""  # `this` is older than `previous`: nothing lies between them
    if previous == segment.base:
        return upto, ""
    return upto, segment.start


def since_the_beginning(branch: Branch, this: str) -> list[str]:
    """All commits known up to `this`, back over gaps but not over a forced push."""
    here = min(i for i, segment in enumerate(branch.segments) if this in segment.shas)
    shas, _ = between(branch, None, this)
    while here > 0 and branch.segments[here].start != "forced":
        here -= 1
        shas = branch.segments[here].shas + shas
    return shas

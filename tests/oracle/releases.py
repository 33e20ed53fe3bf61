"""Attempts over environments and regions are one release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.oracle.attempts import Attempt
from tests.oracle.changes import Change

SPREAD = timedelta(hours=24)


@dataclass
class Release:
    """One deployment as the five measures count it."""

    members: list[Attempt]
    name: str = ""
    """The anchor's id; with its environment where that id anchors an earlier release too."""
    incidents: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    """Merged changes that it was the first to bring; of the first release none, as that brings all that ever was."""
    rework: str = ""
    recovered_at: datetime | None = None
    is_first: bool = False
    holds: set[str] = field(default_factory=set)
    """Commits that it brought, whether or not it was the first to do so."""
    commit_rule: str = "none"
    flags: set[str] = field(default_factory=set)

    @property
    def anchor(self) -> Attempt:
        """The first success, else the first terminal status."""
        successes = [one for one in self.members if one.finished_at]
        return min(successes or self.members, key=lambda one: one.order)

    @property
    def finished_at(self) -> datetime | None:
        """First success."""
        return self.anchor.finished_at

    @property
    def at(self) -> datetime:
        """First success, else first terminal failure: the period that it belongs to."""
        return self.anchor.at

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Ties are ordered by (time, native id)."""
        return self.anchor.order

    @property
    def commit(self) -> str | None:
        """The anchor's, else the first that a member gives."""
        for one in [self.anchor, *sorted(self.members, key=lambda one: one.order)]:
            if one.commit is not None:
                return one.commit
        return None

    @property
    def version(self) -> str | None:
        """The anchor's, else the first that a member gives."""
        for one in [self.anchor, *sorted(self.members, key=lambda one: one.order)]:
            if one.version is not None:
                return one.version
        return None

    @property
    def is_rollback(self) -> bool:
        """Counts once, however many of its places restored an earlier version."""
        return any(one.is_rollback for one in self.members)

    @property
    def reasons(self) -> list[str]:
        """Why it failed; empty when it did not."""
        found = []
        if any(one.finished_at is None for one in self.members):
            found.append("ended_in_failure")
        if any(one.rolled_back for one in self.members):
            found.append("rolled_back")
        if self.incidents:
            found.append("incident")
        return found

    @property
    def failed_at(self) -> datetime | None:
        """First success if there was one, else first terminal failure; only of a failed one."""
        return self.at if self.reasons else None


def releases(production: Sequence[Attempt]) -> list[Release]:
    """Production attempts, which come in order, put together."""
    made: list[Release] = []
    for attempt in production:
        home = _home(attempt, made, production)
        if home is None:
            made.append(Release([attempt]))
        else:
            home.members.append(attempt)
    made.sort(key=lambda release: release.order)
    for release in made:
        anchor = release.anchor
        is_taken = any(other.name == anchor.deployment_id for other in made)
        release.name = f"{anchor.deployment_id}@{anchor.environment}" if is_taken else anchor.deployment_id
    for release in made:
        if release.finished_at:
            release.is_first = True
            break
    return made


def _home(attempt: Attempt, made: list[Release], production: Sequence[Attempt]) -> Release | None:
    """The latest release of its key that lacks its place, if it is near enough and nothing came in between."""
    if attempt.key is None:
        return None
    lacking = [
        release
        for release in made
        if release.members[0].key == attempt.key and all(one.place != attempt.place for one in release.members)
    ]
    if not lacking:
        return None
    latest = lacking[-1]  # the latest begun: a release may begin with a failure and succeed elsewhere much later
    if attempt.at - latest.at > SPREAD:
        return None
    for other in production:
        is_between = latest.order < other.order < attempt.order
        is_other = attempt.content is None or other.content != attempt.content
        if other.place == attempt.place and other.finished_at and is_between and is_other:
            return None
    return latest

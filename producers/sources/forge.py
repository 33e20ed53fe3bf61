"""What hosts of repositories have in common: how a repository is named, and how a push is kept within a record.

Used by the mappers of GitHub, GitLab, Bitbucket, Gitea and Azure DevOps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from producers.sources.common import Context, Mapped, contract
from producers.sources.evidence import Vendor
from producers.sources.identity import actor, is_bot
from producers.sources.redact import dimension, title
from producers.sources.times import known
from schemas.delivery import Commit, Delivery, Deployment, Push, Repository

_MOST_BYTES = 700_000
"""An event must fit a 1 MiB record beside its headers; what a larger push loses is said to be unknown."""
_FEWEST_COMMITS = 1000
LONGEST_PATH = 1000
_WORD = re.compile(r"[^a-z0-9_.:-]+")


@dataclass(frozen=True)
class Origin:
    """Where a forge's payload came from.

    Attributes:
        vendor: whose payload it is.
        host: the instance, lower case.
        repository: as contracts name it.
        number: the instance's id of the repository, which survives a rename; its full name where none is given.
    """

    vendor: Vendor
    host: str
    repository: Repository
    number: int | str

    def mapped(self, at: datetime, identity: tuple[str | int | None, ...], data: Callable[[], Delivery]) -> Mapped:
        """The one event of an object of the repository; `identity` makes it one, besides the repository."""
        native = (self.host, self.number, *identity)
        return Mapped((self.vendor.event(f"//{self.host}", native, at, data, subject=self.repository.name),))


def release(
    where: Origin,
    number: int,
    tag: str,
    at: datetime,
    *,
    who: Mapping[str, Any],
    url: str | None,
    commit: str | None,
    name: str | None,
) -> Mapped:
    """A published release as a deployment that names no environment.

    It is evidence of one only where the platform deploys by release, and never counts as production by itself.
    """
    return where.mapped(
        at,
        ("release", number, "published"),
        lambda: Deployment(
            provider=where.vendor.name,
            repository=where.repository,
            **who,
            url=url,
            deployment_id=f"release:{number}",
            release_id=dimension(tag),
            version=dimension(tag),
            ref=f"refs/tags/{tag}",
            commit=commit,
            status="success",
            title=title(name or ""),
        ),
    )


def joined(parts: Iterable[Mapped]) -> Mapped:
    """One mapping of several: all their events, and all that they left out."""
    whole = tuple(parts)
    return Mapped(
        tuple(event for one in whole for event in one.events), tuple(why for one in whole for why in one.ignored)
    )


def left_out(vendor: Vendor, *what: str) -> Mapped:
    """Nothing, and why, for a kind or state of no interest; the sender's words are bounded."""
    words = (_WORD.sub("_", word.lower())[:40] for word in what)
    return Mapped(ignored=(f"{vendor.name}:{'.'.join(words)}",))


def commit(
    sha: str,
    message: str | None,
    names: Sequence[str | None],
    at: datetime | None,
    context: Context,
    *,
    clock: Literal["author", "committer", "unknown"] = "unknown",
    touched: tuple[str, ...] | None = None,
    parents: int | None = None,
) -> Commit:
    """A commit of a push: a zero date is none, its author the first of `names`."""
    who = [name for name in names if name]
    return contract(
        lambda: Commit(
            sha=sha,
            committed_at=known(at) if at else None,
            clock=clock,
            parents=parents,
            title=title(message or ""),
            author=actor(context, who[0]) if who else None,
            is_bot=is_bot(*who),
            paths=touched,
        )
    )


def repository(host: str, number: int | str | None, full_name: str, branch: str | None = None) -> Repository:
    """A repository as contracts name it: its id with the host, its full name with the host in lower case.

    The name has no port, as that of a clone has none: the same repository is cloned through another.
    """
    return contract(
        lambda: Repository(
            id=None if number is None else f"{host}:{number}",
            name=dimension(f"{host.partition(':')[0]}/{full_name}".lower()),
            default_branch=dimension(branch) or None if branch else None,
        )
    )


def paths(*lists: list[str] | None) -> tuple[str, ...] | None:
    """Paths that a commit touched, each once; None where no list is there."""
    if all(one is None for one in lists):
        return None
    return tuple(dict.fromkeys(path for one in lists for path in one or () if 0 < len(path) <= LONGEST_PATH))


def fit(full: Push) -> Push:
    """The push within the record's limit: paths go first (unknown), then titles, then the oldest commits."""
    if len(full.model_dump_json().encode()) <= _MOST_BYTES:
        return full
    bare = tuple(commit.model_copy(update={"paths": None}) for commit in full.commits)
    slim = full.model_copy(update={"commits": bare})
    if len(slim.model_dump_json().encode()) <= _MOST_BYTES:
        return slim
    short = tuple(commit.model_copy(update={"title": (commit.title or "")[:40] or None}) for commit in bare)
    kept = short[-_FEWEST_COMMITS:]
    return full.model_copy(update={"commits": kept, "is_truncated": full.is_truncated or len(kept) < len(short)})

"""What hosts of repositories have in common: how a repository is named, and how a push is kept within a record.

Used by the mappers of GitHub, GitLab, Bitbucket, Gitea and Azure DevOps.
"""

from __future__ import annotations

from producers.sources.redact import dimension
from schemas.delivery import Push, Repository

_MOST_BYTES = 700_000
"""An event must fit a 1 MiB record beside its headers; what a larger push loses is said to be unknown."""
_FEWEST_COMMITS = 1000
LONGEST_PATH = 1000


def repository(host: str, number: int | str | None, full_name: str, branch: str | None = None) -> Repository:
    """A repository as contracts name it: its id with the host, its full name with the host in lower case."""
    return Repository(
        id=None if number is None else f"{host}:{number}",
        name=dimension(f"{host}/{full_name}".lower()),
        default_branch=dimension(branch) or None if branch else None,
    )


def paths(*lists: list[str] | None) -> tuple[str, ...] | None:
    """Paths that a commit touched, each once; None where no list is there."""
    if all(one is None for one in lists):
        return None
    return tuple(dict.fromkeys(path for one in lists for path in one or () if 0 < len(path) <= LONGEST_PATH))


def fit(full: Push) -> Push:
    """The push within the record's limit: paths go first (unknown), then titles, then the oldest commits."""
    if len(full.model_dump_json()) <= _MOST_BYTES:
        return full
    bare = tuple(commit.model_copy(update={"paths": None}) for commit in full.commits)
    slim = full.model_copy(update={"commits": bare})
    if len(slim.model_dump_json().encode()) <= _MOST_BYTES:
        return slim
    short = tuple(commit.model_copy(update={"title": (commit.title or "")[:40] or None}) for commit in bare)
    kept = short[-_FEWEST_COMMITS:]
    return full.model_copy(update={"commits": kept, "is_truncated": full.is_truncated or len(kept) < len(short)})

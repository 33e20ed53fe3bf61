"""Commit ids as one spelling: providers shorten them (8 or 12 digits), and the short one means the long one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from schemas.delivery import Deployment, Incident, Merge, Push
from stream_processors.resolve import Resolved

_FULL = 40


class Shas:
    """Turns a short commit id into the only known full one that it begins."""

    def __init__(self, known: Iterable[str]) -> None:
        self._full = sorted({sha for sha in known if len(sha) >= _FULL})

    def full(self, sha: str | None) -> str:
        """The full id; itself when none or several known ones begin with it; empty for None."""
        if not sha or len(sha) >= _FULL:
            return sha or ""
        at = bisect_left(self._full, sha)
        found = [known for known in self._full[at : at + 2] if known.startswith(sha)]
        return found[0] if len(found) == 1 else sha


def shas_in(events: Iterable[Resolved]) -> Iterator[str]:
    """All commit ids that the events mention."""
    for resolved in events:
        data = resolved.event.data
        if isinstance(data, Push | Merge | Deployment):
            yield from (commit.sha for commit in data.commits or ())
        if isinstance(data, Push):
            yield from filter(None, (data.before, data.after))
        elif isinstance(data, Merge):
            yield from filter(None, (data.head_commit, data.merge_commit))
        elif isinstance(data, Deployment) and data.commit:
            yield data.commit
        elif isinstance(data, Incident):
            yield from data.commits

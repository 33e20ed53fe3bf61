"""What is known of each commit, from every event that mentions it: its one time, merge or not, robot or not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schemas.delivery import Commit, Deployment, Merge, Push
from stream_processors.facts.config import FactsConfig
from stream_processors.facts.shas import Shas
from stream_processors.resolve import Resolved, Stored

_MERGE_TITLE = re.compile(
    r"Merge (?:pull request #\d+|(?:remote-tracking )?branch(?:es)? '|tag '|commit '|.+ into \S)"
    r"|Merged in \S+ \(pull request #\d+\)"
)
"""How GitHub, GitLab, Bitbucket and git itself title a merge commit."""


@dataclass(slots=True)
class Known:
    """One commit; `clock` says which time `committed_at` is, `told_by` which event (without a time: named it first)."""

    committed_at: datetime | None = None
    clock: str = "unknown"
    parents: int | None = None
    title: str | None = None
    is_bot: bool = False
    told_by: Stored | None = None

    @property
    def is_merge(self) -> bool:
        """By its parents where they are known, else by the title that providers give merge commits."""
        return self.parents > 1 if self.parents is not None else self.is_merge_by_title

    @property
    def is_merge_by_title(self) -> bool:
        """Whether only the title says so."""
        return self.parents is None and _MERGE_TITLE.match(self.title or "") is not None


class Book:
    """All commits that the events (in order of time) describe."""

    def __init__(self, events: Iterable[Resolved], shas: Shas, config: FactsConfig) -> None:
        self._known: dict[str, Known] = {}
        self._rank = {"unknown": 0, "author": 1, "committer": 1, config.clock: 2}
        for resolved in events:
            data = resolved.event.data
            if isinstance(data, Push | Merge | Deployment):
                for commit in data.commits or ():
                    self._note(shas.full(commit.sha), commit, resolved.event, config)

    def __getitem__(self, sha: str) -> Known:
        return self._known.get(sha) or Known()

    def first_time(self, shas: Iterable[str]) -> datetime | None:
        """The earliest known time of the commits."""
        return min((at for sha in shas if (at := self[sha].committed_at) is not None), default=None)

    def _note(self, sha: str, commit: Commit, event: Stored, config: FactsConfig) -> None:
        known = self._known.setdefault(sha, Known())
        is_better = known.committed_at is None or self._rank[commit.clock] > self._rank[known.clock]
        if commit.committed_at is not None and is_better:
            known.committed_at, known.clock, known.told_by = commit.committed_at, commit.clock, event
        known.told_by = known.told_by or event
        if known.parents is None:
            known.parents = commit.parents
        known.title = known.title or commit.title
        known.is_bot = known.is_bot or commit.is_bot or commit.author in config.bots

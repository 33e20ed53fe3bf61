"""Which step of a branch, and which release tag, brought each commit: one pass over `git log`, pure, bounded memory.

Between `producers/gitlog.py` (commits as they are printed, children first) and `producers/backfill/events.py`. A commit
landed with the oldest first-parent step of the branch that reaches it, and was released with the earliest tag that
reaches it. Both are the least of its children's, so they pass from child to parents along the log; what is known of
commits not yet printed (the frontier) is as wide as the branches open at one time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from producers.gitlog import LoggedCommit

_SWEEP = 512
"""Commits between two looks for groups that are complete."""


@dataclass
class Step:
    """One first-parent step of the branch: where it led, where it came from, and the commits it brought."""

    head: LoggedCommit
    commits: list[LoggedCommit] = field(default_factory=list)


@dataclass
class Release:
    """One release tag and the commits that no earlier tag reaches, newest first.

    `commits` is None when there are more than the limit: the list would not fit into one event.
    """

    tag: str
    head: LoggedCommit
    commits: list[LoggedCommit] | None = field(default_factory=list)


@dataclass(frozen=True)
class _Mark:
    """What is known of a commit before it is printed: its step (None: not on the branch) and its tag's rank."""

    step: int | None
    rank: int | None


class Landing:
    """The pass. Feed it commits, children before parents; it gives steps and releases as they become complete.

    Args:
        tip: commit of the branch.
        tags: commit -> names of the release tags on it; `ranks` says their order.
        ranks: tag -> place in time, 0 is the earliest.
        longest: most commits of one release's list.
    """

    def __init__(self, tip: str, tags: Mapping[str, list[str]], ranks: Mapping[str, int], longest: int) -> None:
        self._next = tip
        self._depth = 0
        self._tags = tags
        self._ranks = ranks
        self._longest = longest
        self._frontier: dict[str, _Mark] = {}
        self._steps: dict[int, Step] = {}
        self._releases: dict[int, Release] = {}
        self._since_sweep = 0

    def run(self, commits: Iterable[LoggedCommit]) -> Iterator[Step | Release]:
        """Steps and releases, roughly newest first, each as soon as nothing can be added to it."""
        for commit in commits:
            self._take(commit)
            self._since_sweep += 1
            if self._since_sweep >= _SWEEP:
                self._since_sweep = 0
                yield from self._complete()
        self._frontier.clear()  # parents beyond a shallow or dated end are never printed
        yield from self._complete()

    def _take(self, commit: LoggedCommit) -> None:
        mark = self._frontier.pop(commit.sha, _Mark(None, None))
        step = mark.step
        if commit.sha == self._next:
            step = self._depth
            self._depth += 1
            self._next = commit.parents[0] if commit.parents else ""
            self._steps[step] = Step(commit)
        if step is not None:
            self._steps[step].commits.append(commit)
        rank = self._tagged(commit, mark.rank)
        for parent in commit.parents:
            self._frontier[parent] = _least(self._frontier.get(parent), _Mark(step, rank))

    def _tagged(self, commit: LoggedCommit, inherited: int | None) -> int | None:
        own = {self._ranks[tag]: tag for tag in self._tags.get(commit.sha, ())}
        self._releases.update({rank: Release(tag, commit) for rank, tag in own.items()})
        rank = min([*own, *([] if inherited is None else [inherited])], default=None)
        if rank is not None:
            self._add(self._releases[rank], commit)
        return rank

    def _add(self, release: Release, commit: LoggedCommit) -> None:
        if release.commits is None:
            return
        release.commits.append(commit)
        if len(release.commits) > self._longest:
            release.commits = None

    def _complete(self) -> Iterator[Step | Release]:
        waiting = self._frontier.values()
        # Marks only move to older steps (greater numbers) and earlier tags (lesser ranks), so what every waiting
        # commit has moved past can get no more commits.
        reachable_step = min((mark.step for mark in waiting if mark.step is not None), default=self._depth)
        for step in [number for number in self._steps if number < reachable_step]:
            yield self._steps.pop(step)
        reachable_rank = max((mark.rank for mark in waiting if mark.rank is not None), default=-1)
        for rank in [number for number in self._releases if number > reachable_rank]:
            yield self._releases.pop(rank)


def _least(known: _Mark | None, more: _Mark) -> _Mark:
    if known is None:
        return more
    # None stands for "not reached from there"; of two steps the older one (greater number) counts.
    step = max((number for number in (known.step, more.step) if number is not None), default=None)
    rank = min((number for number in (known.rank, more.rank) if number is not None), default=None)
    return _Mark(step, rank)

"""Which step and which release brought a commit: one pass over the log says what sets of reachable commits say."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from producers.backfill import landing
from producers.backfill.landing import Landing, Release, Step
from producers.gitlog import LoggedCommit


@dataclass(frozen=True)
class History:
    """Commits by number, parents before children; the last is the branch's tip. Tags in order of time."""

    parents: list[tuple[int, ...]]
    tagged: list[int]

    def reachable(self, number: int) -> set[int]:
        found, waiting = set(), [number]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting.extend(self.parents[one])
        return found


@st.composite
def histories(draw: st.DrawFn) -> History:
    parents: list[tuple[int, ...]] = [()]
    for number in range(1, draw(st.integers(1, 25))):
        # Mostly the one before, sometimes any: branches, merges, octopus merges, second roots.
        near = st.integers(max(0, number - 4), number - 1)
        parents.append(tuple(draw(st.lists(near, max_size=3, unique=True))))
    tagged = draw(st.lists(st.integers(0, len(parents) - 1), max_size=6))
    return History(parents, tagged)


def logged(history: History, order: list[int]) -> list[LoggedCommit]:
    return [
        LoggedCommit(str(number), tuple(map(str, history.parents[number])), None, "", "", "", None) for number in order
    ]


@given(histories(), st.integers(1, 5))
def test_steps_and_releases_are_differences_of_reachable_sets(history: History, sweep: int) -> None:
    tip = len(history.parents) - 1
    reached = history.reachable(tip).union(*map(history.reachable, history.tagged))
    tags: dict[str, list[str]] = {}
    for rank, number in enumerate(history.tagged):
        tags.setdefault(str(number), []).append(f"v{rank}")
    ranks = {f"v{rank}": rank for rank in range(len(history.tagged))}
    before, landing._SWEEP = landing._SWEEP, sweep
    try:
        # Children first: descending numbers are such an order, and not git's own.
        found = list(Landing(str(tip), tags, ranks, 1000).run(logged(history, sorted(reached, reverse=True))))
    finally:
        landing._SWEEP = before

    line, at = [tip], tip
    while history.parents[at]:
        at = history.parents[at][0]
        line.append(at)
    expected_steps = {
        str(head): history.reachable(head)
        - (history.reachable(history.parents[head][0]) if history.parents[head] else set())
        for head in line
    }
    steps = {one.head.sha: {int(commit.sha) for commit in one.commits} for one in found if isinstance(one, Step)}
    assert steps == expected_steps

    earlier: set[int] = set()
    expected_releases = {}
    for rank, number in enumerate(history.tagged):
        expected_releases[f"v{rank}"] = history.reachable(number) - earlier
        earlier |= history.reachable(number)
    releases = {one.tag: {int(commit.sha) for commit in one.commits or ()} for one in found if isinstance(one, Release)}
    assert releases == expected_releases
    assert len(found) == len(steps) + len(releases)

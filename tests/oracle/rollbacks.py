"""Rollbacks, judged in each place over its successful deployments."""

from __future__ import annotations

from collections.abc import Sequence

from tests.oracle.attempts import Attempt


def judge(production: Sequence[Attempt]) -> None:
    """Set `is_rollback` and `rolled_back` of production attempts, which come in order."""
    for attempt in production:
        if attempt.says_rollback:
            attempt.is_rollback = True
    for place in sorted({attempt.place for attempt in production}):
        _judge_place([one for one in production if one.place == place and one.finished_at])


def _judge_place(sequence: list[Attempt]) -> None:
    rolled_back_by: dict[int, list[int]] = {}
    for i in range(1, len(sequence)):
        this, before = sequence[i], sequence[i - 1]
        same = [j for j in range(i) if this.content is not None and sequence[j].content == this.content]
        returns = bool(same) and before.content != this.content
        undone = [sequence[j].content for j in rolled_back_by.get(i - 1, [])]
        rolls_forward = this.content is not None and this.content in undone
        if not (this.says_rollback or (returns and not rolls_forward)):
            continue
        this.is_rollback = True
        # "All deployments after the last one of the restored version"; a version never seen here restores what was
        # before the deployment just before.
        last = same[-1] if same else i - 2
        rolled_back_by[i] = list(range(last + 1, i))
        for j in rolled_back_by[i]:
            assert this.finished_at is not None
            sequence[j].rolled_back.append((this.finished_at, this.deployment_id))

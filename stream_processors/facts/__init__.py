"""From the resolved events of one service to its facts: deployments, lead times, failures, recoveries, milestones.

The one place where delivery metrics are decided. Pure: no clock, no I/O; any order, any number of copies of the same
events gives the same facts, so that a stream, a backfill and a test agree.
"""

from __future__ import annotations

from collections.abc import Sequence

from stream_processors.facts.config import FactsConfig
from stream_processors.facts.rows import Attempt, CommitRow, Episode, EvidenceRow, Facts, Milestone, Release
from stream_processors.facts.slices import TABLES, Slice, slices
from stream_processors.resolve import Resolved

__all__ = [
    "TABLES",
    "Attempt",
    "CommitRow",
    "Episode",
    "EvidenceRow",
    "Facts",
    "FactsConfig",
    "Milestone",
    "Release",
    "Slice",
    "facts",
    "slices",
]


def facts(service: str, events: Sequence[Resolved], config: FactsConfig) -> Facts:  # noqa: ARG001
    """All facts of `service`; of events that belong to none (`service` empty) only what became of them."""
    return Facts()

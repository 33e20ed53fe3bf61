"""What is about to be sent, written down as the metadata of a committed offset.

A unit is a range of offsets, and where it ends depends on a timer. So before anything is sent, the offset where it
begins is committed with the ends of its units. Whoever reads the partition next (this process after a crash, or
another one after a rebalance) sends exactly these units again first, and then goes on with ends of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

_WORD = "adoption-bridge/1"
MOST_CUTS = 100
"""Units that one intent may name: 100 ends of at most 19 digits fit Kafka's 4,096 bytes of metadata."""


def written(identity: str, cuts: Sequence[int]) -> str:
    """The metadata that announces units.

    Args:
        identity: of the topic; a topic made anew under the same name has another.
        cuts: the end of each unit (its last offset + 1), ascending; empty: nothing is announced.
    """
    if len(cuts) > MOST_CUTS:
        raise ValueError(f"expected at most {MOST_CUTS} units in an intent, got {len(cuts)}")
    return f"{_WORD} {identity} {','.join(map(str, cuts))}"


def read(metadata: str | None) -> tuple[str, tuple[int, ...]] | None:
    """The topic's identity and the ends of announced units; None for metadata that is not ours."""
    word, _, rest = (metadata or "").partition(" ")
    identity, _, cuts = rest.partition(" ")
    if word != _WORD or not identity:
        return None
    return identity, tuple(int(cut) for cut in cuts.split(",") if cut)

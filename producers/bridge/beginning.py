"""Where the bridge goes on in a partition that it was just given: from what the group committed and Kafka kept."""

from __future__ import annotations

import logging

from producers.bridge import intent
from producers.bridge.partition import Partition

log = logging.getLogger(__name__)


class BridgeError(Exception):
    """The bridge cannot go on without a person: what was expected, what came, what to do."""


def begin(
    where: str, committed: int | None, metadata: str | None, *, kept: range, identity: str, from_end: bool
) -> Partition:
    """A partition at its beginning for this reader.

    Args:
        where: the partition, for messages.
        committed: the group's offset; None: it has none.
        metadata: what was committed with it.
        kept: offsets that the partition has now, from its first to its end.
        identity: of the topic as it is now.
        from_end: whether a group without an offset begins at the end.

    Raises:
        BridgeError: the partition ends before the committed offset.
    """
    found = intent.read(metadata)
    if committed is None or (found and found[0] != identity):  # the topic was made anew: its offsets are others
        return Partition(kept.stop if from_end and committed is None else kept.start)
    if committed > kept.stop:
        raise BridgeError(
            f"{where}: expected to go on at offset {committed}, got a topic that ends at {kept.stop}: it lost its end; "
            "reset the group's offset to where it shall go on"
        )
    cuts = tuple(cut for cut in (found[1] if found else ()) if cut > kept.start)
    if committed < kept.start:
        gone = kept.start - committed
        log.error("%s: %d offsets from %d were deleted before they were read; keep them longer", where, gone, committed)
        # The first unit that is left keeps its beginning, which is part of its name.
        lost = [cut for cut in (found[1] if found else ()) if cut <= kept.start]
        return Partition((lost[-1] if lost else committed) if cuts else kept.start, cuts)
    return Partition(committed, cuts, is_committed=not cuts and found is not None)

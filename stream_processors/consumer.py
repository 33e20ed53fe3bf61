"""Faust's Kafka consumer, mended: what it dropped during a rebalance is read again, also before the first commit.

Records that arrive while the flow is held back (a rebalance) are dropped, and the consumer seeks back to what is
committed. Where a partition has no commit yet, faust-streaming 0.15.3 seeks nowhere: the dropped records are never
delivered, and the next commit passes over them. Here it seeks to the beginning, where a group without commits begins.
"""

from __future__ import annotations

from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka


class Consumer(aiokafka.Consumer):  # type: ignore[misc] # faust has no types
    """Reads again what was read and not committed."""

    async def perform_seek(self) -> None:
        """Seek all partitions to where the group continues."""
        await super().perform_seek()
        uncommitted = [TopicPartition(*one) for one in self.assignment() if not self._committed_offset[one]]
        if uncommitted:
            await self._thread.seek_to_beginning(*uncommitted)

"""A gateway's mapper, run so that a defect of ours costs only the records it is about.

Used where records come in numbers: the ingest service and the bridge. A mapper refuses bad records by itself; this is
for what it should have refused and fell over instead.
"""

from __future__ import annotations

import logging
from typing import Any

import pyarrow as pa

from producers.sources.common import Context, GatewayMapped, Rejected
from producers.sources.registry import Source
from schemas import gateway

log = logging.getLogger(__name__)


def map_records(source: Source, records: list[Any], *, unit: str, context: Context) -> GatewayMapped:
    """What the source's mapper makes of the records; where it fails, of each half, down to the single record.

    Raises:
        TypeError: the source is none of gateway records.
    """
    if source.map_gateway is None:
        raise TypeError(f"source {source.name} has no mapper of gateway records")
    try:
        return source.map_gateway(records, unit=unit, context=context)
    except Exception as error:
        half = len(records) // 2
        if not half:
            # It must not lose what a gateway sends only once: the bytes wait for the mended mapper.
            log.exception("mapper of %s failed", source.name)
            reason = f"{type(error).__name__} in the mapper: a defect, see the log"
            return GatewayMapped(gateway.SCHEMA.empty_table(), rejected=(Rejected("mapper_failed", reason, 0),))
    first, second = (map_records(source, part, unit=unit, context=context) for part in (records[:half], records[half:]))
    shifted = (Rejected(one.reason, one.detail, (one.position or 0) + half) for one in second.rejected)
    return GatewayMapped(
        pa.concat_tables([first.rows, second.rows]), first.ignored + second.ignored, (*first.rejected, *shifted)
    )

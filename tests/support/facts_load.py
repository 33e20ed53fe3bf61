"""Facts written to a warehouse as a recompute writes them, without Kafka: many services in one load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from stream_processors.facts import Facts, slices
from stream_processors.facts_tables import SCHEMAS
from stream_processors.services import HEAD, rows_of


def load(client: Any, facts: Mapping[str, Facts], version: int = 1) -> None:
    """Write the facts of these services, and the heads that name them."""
    cut = {service: slices(service, found) for service, found in facts.items()}
    for table, schema in SCHEMAS.items():
        client.insert_arrow(table, rows_of(table, schema, cut))
    heads = [
        {
            "service": service,
            "version": version,
            "months": sorted(found),
            "digests": [found[month].digest for month in sorted(found)],
            "events": 0,
            "data_until": None,
        }
        for service, found in cut.items()
    ]
    client.insert_arrow("facts_heads", pa.Table.from_pylist(heads, schema=HEAD))

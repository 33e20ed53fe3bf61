"""The commands of this package, for the one command line `adoption`; importing them costs no contract and no client."""

from __future__ import annotations

import click

from producers.backfill.command import backfill
from producers.bridge.command import bridge
from producers.catalog.command import catalog
from producers.costs.command import costs
from producers.emit.command import emit
from producers.export.command import export
from producers.http.command import ingest
from producers.source.command import source
from producers.tail.command import tail
from producers.watch.command import watch

COMMANDS: list[click.Command] = [ingest, tail, bridge, emit, backfill, catalog, costs, watch, source, export]

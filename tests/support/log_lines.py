"""What tests of log formats share: their examples, and a chunk mapped."""

from pathlib import Path

from producers.sources.common import Context
from producers.sources.line_mapper import map_lines

EXAMPLES = Path(__file__).parents[1] / "examples"
CONTEXT = Context(salt=b"salt")
UNIT = "0" * 32


def example(name):
    return (EXAMPLES / f"{name}.log").read_bytes()


def mapped(chunk, format_, *, service=None, zone=None):
    return map_lines(chunk, unit=UNIT, format=format_, context=CONTEXT, service=service, zone=zone)


def columns(table, *names):
    return [tuple(row[name] for name in names) for row in table.to_pylist()]

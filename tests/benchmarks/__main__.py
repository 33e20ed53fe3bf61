"""`python -m tests.benchmarks`: run the benchmarks and print their table. No time is asserted: these are no tests."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.benchmarks import worker
from tests.benchmarks.batches import Shape

SHAPES = (
    (Shape("pairs", 10_000), 10_000_000),
    (Shape("hard", 10_000), 3_000_000),
    (Shape("pairs", 1_000), 4_000_000),
    (Shape("pairs", 100, units=1), 400_000),
)
"""What runs, and with how many requests."""


def main() -> None:
    """Run, print a line per run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="part of the requests, for a quick look")
    share = parser.parse_args().share
    for shape, total in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            one = worker.measure(Path(folder), shape, max(shape.requests * 20, int(total * share)))
        used = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in one.processors.items())
        peak = ", ".join(f"{name} {mib} MiB" for name, mib in one.peak_mib.items())
        print(  # noqa: T201 - a script for a person
            f"{one.name} | {shape} | {one.requests:,} requests in {one.seconds:.1f} s = {one.per_second:,.0f}/s | "
            f"{one.rows / one.requests:.3f} rows and {one.topic_bytes:.1f} bytes a request | {used} | {peak}",
            flush=True,
        )


if __name__ == "__main__":
    main()

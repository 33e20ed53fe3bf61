"""The register of rivals: enough of them, each with a source."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.rivals.telling import RIVALS

FEWEST = 40
HERE = Path(__file__).parent


def test_there_are_enough_rivals_and_each_has_a_source() -> None:
    for path in sorted(HERE.glob("test_*.py")):
        importlib.import_module(f"tests.rivals.{path.stem}")
    assert len(RIVALS) >= FEWEST, sorted(RIVALS)
    without = [one.name for one in RIVALS.values() if not one.sources]
    assert not without
    assert all(source.startswith("https://") for one in RIVALS.values() for source in one.sources)


def test_each_story_says_in_words_what_the_rival_does() -> None:
    assert [one.name for one in RIVALS.values() if not one.tell.__doc__] == []

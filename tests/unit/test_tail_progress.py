"""What a shipper writes down, and how it knows a file again."""

from __future__ import annotations

from pathlib import Path

import pytest

from producers.tail.files import Candidate, pick
from producers.tail.progress import (
    HEAD_BYTES,
    FileAt,
    Identity,
    Progress,
    StateError,
    digest_of,
    from_json,
    to_json,
)

LOG = Identity(1, 42, "aa")


def test_intent_then_sent_then_moved_on() -> None:
    began = Progress("host").at(LOG, 100)
    intent = began.intent(LOG, 100, 106, b"line \n")

    promised = began.intend(intent)
    done = promised.settle(intent)

    assert (promised.intents, promised.position(LOG)) == ((intent,), 100)
    assert (done.intents, done.position(LOG)) == ((), 106)


def test_a_unit_is_the_shipper_the_file_the_range_and_the_bytes() -> None:
    progress = Progress("host")
    unit = progress.intent(LOG, 0, 2, b"a\n").unit

    assert progress.intent(LOG, 0, 2, b"a\n").unit == unit
    others = [
        Progress("other host").intent(LOG, 0, 2, b"a\n"),
        progress.intent(Identity(1, 42, "bb"), 0, 2, b"a\n"),
        progress.intent(LOG, 2, 4, b"a\n"),
        progress.intent(LOG, 0, 2, b"b\n"),
    ]
    assert unit not in {other.unit for other in others}


def test_progress_survives_its_file() -> None:
    progress = Progress("host").at(LOG, 7)
    progress = progress.intend(progress.intent(LOG, 7, 9, b"a\n"))

    assert from_json(to_json(progress)) == progress


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "source": "x", "files": [3]}'])
def test_a_damaged_state_is_an_error_and_not_a_new_beginning(text: str) -> None:
    with pytest.raises(StateError, match="expected a tail state"):
        from_json(text)


def test_a_file_is_known_by_its_first_line_once_that_has_an_end() -> None:
    assert digest_of(b"") is None
    assert digest_of(b"half a li") is None
    assert digest_of(b"line\nmore") == digest_of(b"line\n") != digest_of(b"other\n")
    assert digest_of(b"x" * HEAD_BYTES) is not None


def candidate(name: str, inode: int, digest: str, size: int = 1000, modified: int = 0) -> Candidate:
    return Candidate(Path(name), Identity(1, inode, digest), size, modified)


def test_a_renamed_log_is_found_by_inode_and_first_line() -> None:
    new, old = candidate("access.log", 43, "bb"), candidate("access.log.1", 42, "aa")

    assert pick(FileAt(LOG, 500), [new, old]) == old


def test_an_inode_that_was_used_again_is_another_file() -> None:
    assert pick(FileAt(LOG, 500), [candidate("access.log", 42, "bb")]) is None


def test_a_copy_is_found_by_its_first_line_when_the_original_was_truncated() -> None:
    truncated, copy = candidate("access.log", 42, "bb"), candidate("access.log.1", 77, "aa")

    assert pick(FileAt(LOG, 500), [truncated, copy]) == copy


def test_a_file_shorter_than_what_was_counted_of_it_was_written_anew() -> None:
    assert pick(FileAt(LOG, 500), [candidate("access.log", 42, "aa", size=499)]) is None

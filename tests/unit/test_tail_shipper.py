"""The shipper's loop: lines in, units out, through rotation, truncation and restart."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from producers.tail import files
from producers.tail.outlets import Packet
from producers.tail.pipeline import WrongFormatError
from producers.tail.progress import StateError
from producers.tail.store import Store
from tests.support.shipping import Service, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.crash()


def test_lines_wait_a_second_for_others_and_a_partial_one_for_its_end(world: World) -> None:
    world.write(b"one\ntwo\nthr")
    shipper = world.shipper()

    world.poll(shipper)
    assert world.service.posts == 0
    world.poll(shipper, 1.0)
    assert list(world.service.units.values()) == [[b"one\n", b"two\n"]]
    world.write(b"ee\n")
    world.ship(shipper)
    assert list(world.service.units.values())[1:] == [[b"three\n"]]


def test_a_second_start_goes_on_where_the_first_ended(world: World) -> None:
    world.write(b"one\n")
    world.ship(world.shipper())
    world.ship(world.shipper())
    world.write(b"two\n")
    shipper = world.shipper()
    world.ship(shipper)

    assert world.service.counted() == Counter([b"one\n", b"two\n"])
    assert world.service.posts == 2


def test_a_first_start_at_the_end_leaves_out_what_was_there(world: World) -> None:
    world.write(b"old\nol")
    shipper = world.shipper(at_end=True)
    world.crash()  # before anything was shipped: the decision is on disk
    world.write(b"der\nnew\n")
    shipper = world.shipper(at_end=False)
    world.ship(shipper)

    assert world.service.counted() == Counter([b"older\n", b"new\n"])


def test_a_renamed_log_is_finished_even_when_its_writer_goes_on_for_a_while(world: World) -> None:
    world.write(b"one\n")
    shipper = world.shipper()
    world.poll(shipper)
    rotated = world.rename()
    world.write(b"two\n", path=rotated)
    world.write(b"three\n")
    world.poll(shipper)
    world.write(b"four\n", path=rotated)
    world.ship(shipper)

    assert world.service.counted() == Counter(world.written)
    assert [at.position for at in world.pipeline.progress.files] == [13, 6]


def test_rotations_while_the_shipper_was_down_are_caught_up_with(world: World) -> None:
    world.write(b"one\n")
    world.ship(world.shipper())
    world.crash()
    world.write(b"two\n")
    world.rename()
    world.write(b"three\n")
    world.rename()
    world.write(b"four\n")
    shipper = world.shipper()
    world.ship(shipper)

    assert world.service.counted() == Counter([b"one\n", b"two\n", b"three\n", b"four\n"])


def test_a_sibling_that_is_no_rotation_of_the_log_is_left_alone(world: World) -> None:
    world.write(b"one\n")
    world.ship(world.shipper())
    world.crash()
    world.rename()
    for name in ("access_ssl.log", "access-admin.log", "access.log.2.gz", "access.log.bak"):
        world.log.with_name(name).write_bytes(b"not ours\n")
    shipper = world.shipper()
    world.ship(shipper)

    assert world.service.counted() == Counter([b"one\n"])


@pytest.mark.parametrize("is_up", [True, False])
def test_a_copied_and_truncated_log_is_finished_from_its_copy(world: World, is_up: bool) -> None:
    world.write(b"one\n")
    shipper = world.shipper()
    world.ship(shipper)
    if not is_up:
        world.crash()
    world.write(b"two\n")
    world.copytruncate()
    world.write(b"three\n")
    shipper = shipper if is_up else world.shipper()
    world.ship(shipper)

    assert world.service.counted() == Counter([b"one\n", b"two\n", b"three\n"])


def test_a_log_truncated_without_a_copy_gives_what_was_read_and_says_what_was_not(world: World) -> None:
    world.write(b"one, read and held\n")
    shipper = world.shipper()
    world.poll(shipper)
    world.log.write_bytes(b"two\n")
    world.ship(shipper)

    assert world.service.counted() == Counter([b"one, read and held\n", b"two\n"])
    assert "what was added after byte 19 is not counted" in world.pipeline.totals.notes[0]


def test_bad_lines_are_listed_with_their_offset_and_counted(world: World) -> None:
    world.write(b"good\nbad one\ngood\n")
    shipper = world.shipper()
    world.ship(shipper)

    assert world.service.counted() == Counter({b"good\n": 2})
    assert world.pipeline.totals.rejected == {"malformed": 1}
    (listed,) = map(json.loads, next(world.state.glob("*.rejected.jsonl")).read_text().splitlines())
    assert (listed["offset"], listed["reason"]) == (5, "malformed")


def test_lines_that_are_too_long_are_passed_over(world: World) -> None:
    world.write(b"one\n" + b"x" * (2**20 + 1) + b"\ntwo\n")
    shipper = world.shipper()
    world.ship(shipper)

    assert world.service.counted() == Counter([b"one\n", b"two\n"])
    assert world.pipeline.totals.rejected == {"line_too_long": 1}


def test_a_log_of_another_format_stops_the_shipper_before_anything_is_sent(world: World) -> None:
    world.write(b"bad\n" * 20 + b"good\n")
    shipper = world.shipper()
    world.poll(shipper)

    with pytest.raises(WrongFormatError, match=r"20 of 21 lines .* cannot be read"):
        world.poll(shipper, 1.0)
    assert world.service.posts == 0


def test_a_unit_too_large_for_a_message_is_sent_in_halves(world: World) -> None:
    class Narrow(Service):
        def pack(self, rows: object) -> Packet:
            packet = super().pack(rows)
            return Packet(packet.payload.num_rows * 2**20, packet.payload)

    world.service = Narrow()
    world.write(b"".join(b"%d\n" % number for number in range(10)))
    shipper = world.shipper()
    world.ship(shipper)

    assert world.service.counted() == Counter(world.written)
    assert all(len(unit) <= 2 for unit in world.service.units.values())


def test_two_shippers_of_one_log_refuse_each_other(world: World) -> None:
    world.write(b"one\n")
    world.shipper()

    with pytest.raises(StateError, match="only shipper"):
        Store(world.state, world.log)


def test_a_deleted_rotated_log_is_let_go_of_and_forgotten(world: World) -> None:
    world.write(b"one\n")
    shipper = world.shipper()
    world.ship(shipper)
    rotated = world.rename()
    world.write(b"two\n")
    world.poll(shipper)
    rotated.unlink()
    world.poll(shipper, 1.0)
    world.poll(shipper)

    assert len(shipper._readers) == len(world.pipeline.progress.files) == 1
    assert world.service.counted() == Counter(world.written)


@pytest.mark.parametrize("moment", range(1, 12))
def test_a_log_that_is_rotated_while_the_shipper_looks_around_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    for text in (b"one\n", b"two\n"):
        world.write(text)
        world.ship(world.shipper())
        world.crash()
        world.rename()
    world.write(b"three\n")
    world.ship(world.shipper())
    world.crash()
    world.write(b"four\n")
    looks = itertools.count(1)

    def rotate(path: Path, descriptor: int) -> files.Candidate | None:
        found = look_at(path, descriptor)
        if next(looks) == moment:
            world.rename()
            world.write(b"five\n")
        return found

    look_at = files.look_at
    monkeypatch.setattr(files, "look_at", rotate)
    shipper = world.shipper()
    world.ship(shipper)

    assert world.service.counted() == Counter(world.written)

"""Importing a catalog: facts are dated when first seen, the same again changes nothing, what vanished is closed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from producers import client
from producers.catalog.command import catalog
from producers.catalog.files import read
from producers.catalog.memory import Memory, from_json, plan, to_json
from schemas.catalog import Ownership, Service
from schemas.envelope import Event

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
SOURCE = "//catalog"
DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: pay
  annotations: {github.com/project-slug: acme/pay}
spec: {type: service, lifecycle: production, owner: payments}
"""


def service(name: str, at: datetime = MONDAY, **fields: Any) -> Event:
    return Event(id="-", source="-", time=at, subject=name, data=Service(service=name, **fields))


def imported(facts: Sequence[Event], memory: Memory | None, at: datetime, *, complete: bool = False) -> list[Event]:
    return plan(facts, memory, SOURCE, at, is_complete=complete).events


def test_the_same_again_is_the_same_event_with_its_first_date() -> None:
    first = plan([service("pay")], {}, SOURCE, MONDAY, is_complete=False)
    second = plan([service("pay")], first.memory, SOURCE, MONDAY + timedelta(days=3), is_complete=False)

    assert second.events == first.events
    assert (first.new, first.same, second.new, second.same) == (1, 0, 0, 1)
    assert first.events[0].time == MONDAY


def test_another_value_is_another_event_dated_now_and_going_back_is_a_third() -> None:
    later, latest = MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=2)
    first = plan([service("pay", lifecycle="beta")], {}, SOURCE, MONDAY, is_complete=False)
    second = plan([service("pay", lifecycle="live")], first.memory, SOURCE, later, is_complete=False)
    third = plan([service("pay", lifecycle="beta")], second.memory, SOURCE, latest, is_complete=False)

    events = [*first.events, *second.events, *third.events]
    assert [event.time for event in events] == [MONDAY, later, latest]
    assert len({event.id for event in events}) == 3


def test_without_a_memory_a_fact_repeats_itself_at_most_once_a_day() -> None:
    def id_at(hours: int) -> str:
        return imported([service("pay")], None, MONDAY + timedelta(hours=hours))[0].id

    assert id_at(0) == id_at(5)
    assert id_at(0) != id_at(24)


def test_a_complete_import_closes_what_it_no_longer_says() -> None:
    first = plan([service("pay"), service("cart")], {}, SOURCE, MONDAY, is_complete=True)
    tuesday = MONDAY + timedelta(days=1)

    partial = plan([service("pay")], first.memory, SOURCE, tuesday, is_complete=False)
    complete = plan([service("pay")], first.memory, SOURCE, tuesday, is_complete=True)

    assert (partial.gone, len(partial.memory)) == (0, 2)
    assert (complete.gone, len(complete.memory)) == (1, 1)
    (closed,) = [event for event in complete.events if event.data.removed]  # type: ignore[union-attr]
    assert isinstance(closed.data, Service)
    assert (closed.data.service, closed.time, closed.subject) == ("cart", tuesday, "cart")


def test_a_service_that_moves_to_another_team_is_a_change_and_no_removal() -> None:
    def owned(team: str) -> Event:
        return Event(id="-", source="-", time=MONDAY, subject="pay", data=Ownership(name="pay", team=team))

    first = plan([owned("payments")], {}, SOURCE, MONDAY, is_complete=True)
    second = plan([owned("checkout")], first.memory, SOURCE, MONDAY + timedelta(days=1), is_complete=True)

    assert (second.new, second.gone) == (1, 0)


def test_facts_with_declared_starts_stand_beside_each_other() -> None:
    history = [
        Event(id="-", source="-", time=MONDAY, data=Ownership(name="pay", team=team, valid_from=start))
        for team, start in (("a", datetime(2024, 1, 1, tzinfo=UTC)), ("b", datetime(2025, 1, 1, tzinfo=UTC)))
    ]

    assert len(imported(history, {}, MONDAY, complete=True)) == 2


def test_memory_survives_its_file() -> None:
    memory = plan([service("pay")], {}, SOURCE, MONDAY, is_complete=False).memory

    assert from_json(to_json(memory)) == memory


def test_a_tree_gives_its_descriptors_and_names_what_it_cannot_read(tmp_path: Path) -> None:
    for name, text in {
        "pay/catalog-info.yaml": DESCRIPTOR,
        "org/teams.yml": "# teams\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: payments}\n",
        "k8s/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: pay}\n",
        "node_modules/x/catalog-info.yaml": DESCRIPTOR,
        ".github/catalog-info.yaml": DESCRIPTOR,
        "broken/catalog-info.yaml": "a: [",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    found = read(tmp_path, is_csv=False, now=MONDAY)

    assert found.files == 2
    assert [event.data.kind for event in found.events] == ["team", "service", "ownership", "mapping"]
    assert {event.data.declared_in for event in found.events} == {"org/teams.yml", "pay/catalog-info.yaml"}  # type: ignore[union-attr]
    (mistake,) = found.mistakes
    assert mistake.startswith("broken/catalog-info.yaml: ")


def test_descriptors_of_several_catalogs_are_read_and_codeowners_names_owners(tmp_path: Path) -> None:
    for name, text in {
        ".cortex/catalog/pay.yaml": "info:\n  title: Pay\n  x-cortex-tag: pay\n",
        "cart/opslevel.yml": "version: 1\ncomponent: {name: cart, owner: shop}\n",
        ".github/CODEOWNERS": "* @acme/platform\n/.cortex/ @acme/payments\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    found = read(tmp_path, is_csv=False, now=MONDAY)

    assert found.source == "//cortex"
    owners = {event.data.name: event.data for event in found.events if isinstance(event.data, Ownership)}
    assert (owners["pay"].team, owners["pay"].declared_in) == ("payments", ".github/CODEOWNERS")
    assert (owners["cart"].team, owners["cart"].declared_in) == ("shop", "cart/opslevel.yml")


def test_files_that_a_location_names_are_read_within_its_folder(tmp_path: Path) -> None:
    location = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec:\n  targets: "
    for name, text in {
        "outside.yaml": DESCRIPTOR,
        "catalog/all.yaml": location
        + "[./.hidden/pay.yaml, ../outside.yaml, 'https://git.example/x.yaml', ./gone.yaml]\n",
        "catalog/.hidden/pay.yaml": DESCRIPTOR,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    found = read(tmp_path / "catalog" / "all.yaml", is_csv=False, now=MONDAY)

    assert found.files == 2
    assert {event.data.declared_in for event in found.events} == {".hidden/pay.yaml"}  # type: ignore[union-attr]
    (mistake,) = found.mistakes
    assert mistake.startswith("gone.yaml: ")


class Kept(client.IngestClient):
    """Keeps what it would send."""

    sent: list[Event] = []  # noqa: RUF012 - emptied by the fixture

    def events(self, events: Sequence[Event]) -> client.Receipt:
        self.sent.extend(events)
        return client.Receipt("r", len(events), {}, {})


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Event]:
    monkeypatch.setattr(client, "IngestClient", Kept)
    monkeypatch.setenv("ADOPTION_DATA_DIR", str(tmp_path / "data"))
    Kept.sent.clear()
    return Kept.sent


def run(*arguments: str) -> Result:
    return CliRunner().invoke(catalog, ["import", *arguments])


def test_the_command_imports_remembers_and_closes(sent: list[Event], tmp_path: Path) -> None:
    csv = tmp_path / "catalog.csv"
    csv.write_text("kind,service,team\nservice,pay,payments\nservice,cart,shop\n")
    first = run(str(csv), "--complete")
    again = run(str(csv), "--complete")
    csv.write_text("kind,service,team\nservice,pay,payments\n")
    last = run(str(csv), "--complete")

    assert "no earlier import of //catalog-csv" in first.stderr
    assert "4 new or changed facts, 0 as before, 0 closed" in first.stdout
    assert "0 new or changed facts, 4 as before, 0 closed" in again.stdout
    assert "0 new or changed facts, 2 as before, 2 closed" in last.stdout
    assert sent[:4] == sent[4:8]
    assert [event.data.removed for event in sent[8:]] == [False, False, True, True]  # type: ignore[union-attr]


def test_a_dry_run_prints_and_remembers_nothing(sent: list[Event], tmp_path: Path) -> None:
    (tmp_path / "catalog-info.yaml").write_text(DESCRIPTOR)

    result = run(str(tmp_path / "catalog-info.yaml"), "--dry-run")

    printed = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["type"] for event in printed] == [
        "adoption.service.v1",
        "adoption.ownership.v1",
        "adoption.mapping.v1",
    ]
    assert sent == []
    assert not (tmp_path / "data").exists()


def test_a_complete_import_refuses_to_close_what_it_could_not_read(sent: list[Event], tmp_path: Path) -> None:
    (tmp_path / "catalog-info.yaml").write_text(DESCRIPTOR)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "catalog-info.yaml").write_text("a: [")

    complete, partial = run(str(tmp_path), "--complete"), run(str(tmp_path))

    assert complete.exit_code == 1
    assert "nothing was sent" in complete.stderr
    assert partial.exit_code == 1
    assert len(sent) == 3

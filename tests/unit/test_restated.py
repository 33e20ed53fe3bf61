"""The difference between what stood and what stands, in days that were over when it came. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from stream_processors.restated import difference

CAME = datetime(2026, 6, 20, 12, tzinfo=UTC)
BERLIN, SYDNEY = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Sydney")


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=UTC)


def release(name: str, time: datetime, **fields: Any) -> dict[str, Any]:
    return {"release": name, "at": time, "is_failed": 0, **fields}


def evidence(event: str, time: datetime, rule: str = "explicit") -> dict[str, Any]:
    return {"source": "//t", "event": event, "at": time, "rule": rule}


def ground(fact: str, event: str) -> dict[str, Any]:
    return {"fact_kind": "release", "fact": fact, "source": "//t", "event": event}


def test_added_changed_removed() -> None:
    old = {"facts_releases": [release("kept", at(1)), release("changed", at(2)), release("gone", at(3))]}
    new = {"facts_releases": [release("kept", at(1)), release("changed", at(2), is_failed=1), release("new", at(4))]}
    rows = difference(old, new, CAME, BERLIN)
    assert [(row["fact"], row["change"], row["columns"]) for row in rows] == [
        ("changed", "changed", ["is_failed"]),
        ("gone", "removed", []),
        ("new", "added", []),
    ]
    assert (rows[0]["before"], rows[0]["after"]) == ('{"is_failed": 0}', '{"is_failed": 1}')
    assert (rows[1]["after"], rows[2]["before"]) == ("", "")


def test_a_day_is_over_when_it_is_over_for_the_tenant() -> None:
    new = {"facts_releases": [release("d", at(19, 15))]}
    assert difference({}, new, at(19, 23), BERLIN), "23:00 UTC is 20 June in Berlin"
    assert not difference({}, new, at(19, 21), BERLIN)
    assert not difference({}, new, at(19, 23), SYDNEY), "15:00 UTC is 20 June in Sydney already"


def test_a_fact_that_moved_belongs_to_the_earlier_of_its_days() -> None:
    old, new = {"facts_releases": [release("d", at(20, 1))]}, {"facts_releases": [release("d", at(5))]}
    (row,) = difference(old, new, CAME, BERLIN)
    assert (row["at"], row["columns"]) == (at(5), ["at"])


def test_the_events_are_those_that_the_fact_rests_on_else_all_that_came_or_left() -> None:
    old = {"facts_releases": [release("b", at(1))], "facts_evidence": [evidence("left", at(1)), evidence("old", at(1))]}
    new = {
        "facts_releases": [release("a", at(2)), release("b", at(1), is_failed=1)],
        "facts_evidence": [evidence("old", at(1)), evidence("came", at(2))],
        "facts_grounds": [ground("a", "came"), ground("b", "old")],
    }
    named = {
        row["fact"]: ([event["id"] for event in row["events"]], row["n_events"])
        for row in difference(old, new, CAME, BERLIN)
    }
    assert named == {"a": (["came"], 2), "b": (["came", "left"], 2)}


def test_a_verdict_that_changed_is_an_effect_not_a_cause() -> None:
    old = {"facts_releases": [release("a", at(1))], "facts_evidence": [{**evidence("e", at(1)), "counted": 0}]}
    new = {
        "facts_releases": [release("a", at(1), is_failed=1)],
        "facts_evidence": [{**evidence("e", at(1)), "counted": 1}],
    }
    (row,) = difference(old, new, CAME, BERLIN)
    assert (row["events"], row["n_events"]) == ([], 0)


def test_episodes_and_runs_are_told_apart_by_name() -> None:
    incidents = [{"incident": "i", "episode": number, "at": at(1)} for number in (0, 1)]
    run = {"source": "//ci", "run_id": "7", "attempt": 2, "event": "e", "at": at(1)}
    rows = difference({}, {"facts_incidents": incidents, "facts_ci_runs": [run]}, CAME, BERLIN)
    assert [row["fact"] for row in rows] == ["i", "i#1", "7#2#//ci"]

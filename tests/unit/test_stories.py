"""Which service an incident belongs to: one, by all that its events say together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from schemas.catalog import Catalog, Mapping, Service
from schemas.delivery import Commit, Delivery, Deployment, Incident, Merge, Push, Repository
from stream_processors.resolve import NOBODY, Mappings, Stored, StoredFact
from stream_processors.stories import Pointed, assigned

C1, C2 = "c1" + "0" * 38, "c2" + "0" * 38
MONO = "git.example/acme/mono"


def at(hour: int) -> datetime:
    return datetime(2026, 3, 2, hour, tzinfo=UTC)


def stored(data: Delivery, hour: int = 9, source: str = "//t.example") -> Stored:
    return Stored(source, f"{source} {hour} {data!r}", at(hour), 1, data)


def incident(hour: int, state: str = "opened", source: str = "//alerts.example", **fields: Any) -> Stored:
    return stored(Incident(provider="t", incident_id="i", state=state, **fields), hour, source)


def deployment(service: str, name: str, **fields: Any) -> Stored:
    return stored(Deployment(provider="t", service=service, deployment_id=name, status="success", **fields))


FACTS: dict[str, Catalog] = {
    "pay": Mapping(repository=MONO, service="pay", paths=("pay/**",)),
    "cart": Mapping(repository=MONO, service="cart", paths=("cart/**",)),
    "web": Service(service="web", aliases=("website",)),
}
MAPPINGS = Mappings.of(StoredFact("//catalog.example", name, at(0), at(0), fact) for name, fact in FACTS.items())


def owners(*events: Stored) -> list[tuple[str, str]]:
    """(service, rule) of each event of an incident, in order of time."""
    found = sorted(assigned(events, Pointed(events, MAPPINGS), MAPPINGS), key=lambda one: one[1].event.time)
    return [(service, resolved.rule) for service, resolved in found]


def test_what_names_no_service_later_stays_with_the_one_that_was_named() -> None:
    assert owners(incident(10, service="pay"), incident(11, "resolved")) == [("pay", "explicit"), ("pay", "incident")]
    assert owners(incident(10), incident(11, "resolved", service="pay")) == [("pay", "incident"), ("pay", "explicit")]


def test_of_two_services_the_first_that_was_named() -> None:
    told = incident(10, service="web"), incident(11, "acknowledged", service="pay"), incident(12, "resolved")
    assert owners(*told) == [("web", "explicit"), ("web", "incident"), ("web", "incident")]
    assert owners(*reversed(told)) == owners(*told)


def test_an_alias_is_the_service() -> None:
    told = incident(10, service="website"), incident(11, "resolved", service="web")
    assert owners(*told) == [("web", "explicit"), ("web", "explicit")]


def test_a_name_comes_before_a_reference() -> None:
    told = incident(10, deployment_ids=("d1",)), incident(11, "resolved", service="pay"), deployment("cart", "d1")
    assert owners(*told) == [("pay", "incident"), ("pay", "explicit")]


def test_by_reference_to_one_service_only() -> None:
    pay, cart = deployment("pay", "d1", commit=C1), deployment("cart", "d2", commit=C1)
    both = ("d1", "d2")
    assert owners(incident(10, deployment_ids=both), pay, cart) == [("cart", "reference")]  # the smaller name
    assert owners(incident(10, deployment_ids=("d1",), commits=(C1,)), pay, cart) == [("pay", "reference")]
    later = incident(11, "resolved", deployment_ids=("d2",))
    assert {one for one, _ in owners(incident(10, deployment_ids=("d1",)), later, pay, cart)} == {"pay"}


def test_what_points_nowhere_is_nobodys() -> None:
    assert owners(incident(10, deployment_ids=("d9",)), deployment("pay", "d1")) == [(NOBODY, "unresolved_service")]


def test_a_commit_that_is_only_known_from_a_push_belongs_to_the_service_whose_paths_it_touched() -> None:
    repository = Repository(name=MONO)
    commits = Commit(sha=C1, paths=("pay/a.py",)), Commit(sha=C2, paths=("cart/b.py",))
    push = stored(Push(provider="t", repository=repository, ref="main", after=C2, commits=commits))
    assert owners(incident(10, commits=(C1[:8],)), push) == [("pay", "reference")]
    assert owners(incident(10, commits=(C2,)), push) == [("cart", "reference")]


def test_a_commit_that_is_only_known_from_a_change() -> None:
    merge = stored(Merge(provider="t", service="pay", number=7, state="merged", merge_commit=C1))
    assert owners(incident(10, commits=(C1,)), merge) == [("pay", "reference")]


def test_incidents_of_two_systems_are_two() -> None:
    told = incident(10, service="pay"), incident(11, service="web", source="//pager.example")
    assert owners(*told) == [("pay", "explicit"), ("web", "explicit")]


def test_incidents_of_two_repositories_are_two() -> None:
    """What names no repository stays with the first that is named; a name that an id came with is that id."""
    left, right = Repository(id="t:1", name="t/left"), Repository(id="t:2", name="t/right")
    told = (
        incident(9),
        incident(10, service="pay", repository=left),
        incident(11, service="web", repository=right),
        incident(12, "resolved", repository=Repository(name="t/right")),
        incident(13, "resolved"),
    )
    assert [service for service, _ in owners(*told)] == ["pay", "pay", "web", "web", "pay"]
    one = incident(9), incident(10, service="pay", repository=left), incident(11, "resolved")
    assert [service for service, _ in owners(*one)] == ["pay", "pay", "pay"]


def emitted(hour: int, state: str = "opened", **fields: Any) -> Stored:
    return stored(Incident(provider="emit", incident_id="7", state=state, **fields), hour, "//adoption/emit")


def test_incidents_that_services_emit_under_one_number_are_theirs() -> None:
    told = (
        emitted(9, service="web"),
        emitted(10, service="pay"),
        emitted(11, "resolved", service="website"),
        emitted(12, "resolved", service="pay", repository=Repository(name="t/pay")),
        emitted(13, "reopened"),
    )
    assert [service for service, _ in owners(*told)] == ["web", "pay", "web", "pay", "web"]

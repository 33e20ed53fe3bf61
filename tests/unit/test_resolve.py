"""Which services an event belongs to: named, by paths, by repository, as of its time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.catalog import Catalog, Mapping, Service
from schemas.delivery import CiRun, Commit, Delivery, Deployment, Incident, Merge, Push, Repository
from stream_processors.globs import matches
from stream_processors.resolve import NOBODY, Mappings, Stored, StoredFact

PAY = "git.example/acme/pay"
MONO = "git.example/acme/mono"


def day(number: int, hour: float = 12) -> datetime:
    return datetime(2026, 3, number, int(hour), int(hour % 1 * 60), tzinfo=UTC)


def fact(data: Catalog, observed: datetime, number: int = 0) -> StoredFact:
    return StoredFact("//catalog.example", f"{data.kind}-{number}", observed, data.valid_from or observed, data)


def mapping(service: str, observed: datetime, *paths: str, repository: str = PAY, **fields: Any) -> StoredFact:
    return fact(Mapping(repository=repository, paths=paths, service=service, **fields), observed)


def event(data: Delivery, time: datetime | None = None) -> Stored:
    return Stored("//git.example", "e", time or day(10), 1, data)


def services_of(mappings: Mappings, told: Stored) -> tuple[tuple[str, str], ...]:
    """(service, rule) of every service that the event belongs to."""
    found = [(service, resolved.rule) for service, resolved in mappings.resolve(told)]
    return tuple((service, rule) for service, rule in found if service != NOBODY and rule != "context")


def push(*paths: str | None, repository: str = PAY, **fields: Any) -> Push:
    commits = tuple(
        Commit(sha=f"{number:040x}", paths=None if path is None else (path,)) for number, path in enumerate(paths)
    )
    return Push(
        provider="t", repository=Repository(name=repository), ref="main", after="f" * 40, commits=commits, **fields
    )


def deployment(repository: str = PAY, **fields: Any) -> Deployment:
    return Deployment(
        provider="t", repository=Repository(name=repository), deployment_id="1", status="success", **fields
    )


# who


def test_the_sender_named_it() -> None:
    mappings = Mappings.of([mapping("pay", day(1))])
    assert services_of(mappings, event(deployment(service="refunds"))) == (("refunds", "explicit"),)


def test_an_alias_is_the_service() -> None:
    mappings = Mappings.of([fact(Service(service="pay", aliases=("pay-api", "cart")), day(1)), cart_exists()])
    assert services_of(mappings, event(deployment(service="pay-api"))) == (("pay", "explicit"),)
    assert services_of(mappings, event(deployment(service="cart"))) == (("cart", "explicit"),)


def cart_exists() -> StoredFact:
    return fact(Service(service="cart"), day(1), 1)


def test_an_alias_that_moved_belongs_to_whoever_held_it_then() -> None:
    mappings = Mappings.of(
        [
            fact(Service(service="pay", aliases=("gate",)), day(5), 1),
            fact(Service(service="till", aliases=("gate",)), day(15), 2),
        ]
    )
    assert [mappings.canonical("gate", day(number)) for number in (1, 14, 15)] == ["pay", "pay", "till"]


def test_the_repository_by_name_or_by_id() -> None:
    by_id = Mappings.of([mapping("pay", day(1), repository="git.example:7")])
    named = Repository(id="git.example:7", name="git.example/acme/renamed")
    run = CiRun(provider="t", run_id="1", state="finished", repository=named)
    assert services_of(by_id, event(run)) == (("pay", "repository"),)
    assert services_of(by_id, event(deployment())) == ()


def test_nobody_knows_it() -> None:
    ((service, resolved),) = Mappings.of([]).resolve(event(push("a")))
    assert (service, resolved.rule) == ("", "unresolved_service")


def test_an_incident_does_not_belong_to_its_repositorys_service() -> None:
    mappings = Mappings.of([mapping("pay", day(1))])
    incident = Incident(provider="t", repository=Repository(name=PAY), incident_id="i", state="opened")
    assert services_of(mappings, event(incident)) == ()


# shared repositories


@pytest.fixture
def shared() -> Mappings:
    return Mappings.of(
        [
            mapping("pay", day(1), "services/pay/**", "lib/**", repository=MONO),
            mapping("cart", day(1), "services/cart/**", "lib/**", repository=MONO),
            mapping("tools", day(1), "tools/*.py", repository=MONO),
        ]
    )


def test_by_the_paths_of_each_commit(shared: Mappings) -> None:
    pushed = push("services/pay/a.py", "services/cart/b.py", "lib/x/y.py", repository=MONO)
    found = dict(shared.resolve(event(pushed)))
    assert services_of(shared, event(pushed)) == (("cart", "path"), ("pay", "path"))
    assert found["pay"].commits == {f"{0:040x}", f"{2:040x}"}
    assert found["cart"].commits == {f"{1:040x}", f"{2:040x}"}
    assert (found["tools"].rule, found["tools"].commits) == ("context", frozenset())


def test_a_path_of_no_service(shared: Mappings) -> None:
    found = {service: resolved.rule for service, resolved in shared.resolve(event(push("README", repository=MONO)))}
    assert found == {"": "unresolved_service", "cart": "context", "pay": "context", "tools": "context"}


@pytest.mark.parametrize(
    "data",
    [
        push(None, repository=MONO),
        deployment(MONO),
        CiRun(provider="t", run_id="1", state="finished", repository=Repository(name=MONO)),
        Merge(provider="t", number=1, state="merged", repository=Repository(name=MONO)),
    ],
)
def test_without_paths_a_shared_repository_is_ambiguous(shared: Mappings, data: Delivery) -> None:
    assert services_of(shared, event(data)) == ()
    assert dict(shared.resolve(event(data)))[""].rule == "ambiguous_repository"


def test_a_service_without_globs_owns_the_repository(shared: Mappings) -> None:
    both = Mappings.of([mapping("mono", day(1), repository=MONO), mapping("pay", day(1), "pay/**", repository=MONO)])
    assert services_of(both, event(deployment(MONO))) == (("mono", "repository"),)
    assert services_of(both, event(push("pay/a", repository=MONO))) == (("mono", "repository"), ("pay", "path"))
    assert services_of(both, event(push("docs/a", repository=MONO))) == (("mono", "repository"),)


def test_a_repository_with_one_service_is_ambiguous_to_nobody() -> None:
    alone = Mappings.of([mapping("pay", day(1), "src/**")])
    assert services_of(alone, event(deployment())) == (("pay", "repository"),)
    assert services_of(alone, event(push(None))) == (("pay", "repository"),)
    assert services_of(alone, event(push("src/a"))) == (("pay", "path"),)
    assert services_of(alone, event(push("docs/a"))) == ()


def test_a_push_that_names_its_service_is_context_to_the_others(shared: Mappings) -> None:
    found = {name: one.rule for name, one in shared.resolve(event(push("lib/a", repository=MONO, service="pay")))}
    assert found == {"pay": "explicit", "cart": "context", "tools": "context"}


# when


def owners(mappings: Mappings, *times: datetime) -> list[str]:
    return [",".join(service for service, _ in services_of(mappings, event(deployment(), at))) for at in times]


def test_what_is_first_known_holds_back_to_the_beginning() -> None:
    assert owners(Mappings.of([mapping("pay", day(20))]), day(1)) == ["pay"]
    declared = mapping("pay", day(20), valid_from=day(15))
    assert owners(Mappings.of([declared]), day(1)) == ["pay"]


def test_a_repository_that_moves_keeps_its_history() -> None:
    moved = Mappings.of(
        [mapping("pay", day(5)), mapping("pay", day(10), removed=True), mapping("till", day(10, 15))],
    )
    assert owners(moved, day(1), day(9, 23.9), day(10, 0), day(20)) == ["pay", "pay", "till", "till"]
    assert moved.repositories_of("pay") == moved.repositories_of("till") == {PAY}
    assert moved.services_touching(PAY) == {"pay", "till"}


def test_between_a_closing_and_the_next_value_it_belongs_to_nobody() -> None:
    mappings = Mappings.of(
        [mapping("pay", day(5)), mapping("pay", day(10), removed=True), mapping("till", day(15))],
    )
    assert owners(mappings, day(9), day(12), day(15)) == ["pay", "", "till"]
    again = Mappings.of([mapping("pay", day(5)), mapping("pay", day(10), removed=True), mapping("pay", day(15))])
    assert owners(again, day(9), day(12), day(15)) == ["pay", "", "pay"]


def test_a_declared_date_comes_before_the_day_it_was_observed() -> None:
    facts = [
        mapping("pay", day(5)),
        mapping("pay", day(20), removed=True, valid_from=day(10)),
        mapping("till", day(20), valid_from=day(10)),
    ]
    assert owners(Mappings.of(facts), day(9), day(10)) == ["pay", "till"]


def test_changes_take_effect_at_the_start_of_the_day_in_the_tenants_zone() -> None:
    facts = [mapping("pay", day(5)), mapping("pay", day(10, 1), removed=True)]
    assert owners(Mappings.of(facts, "Asia/Kolkata"), day(9, 18), day(9, 18.5)) == ["pay", ""]
    assert owners(Mappings.of(facts, "America/New_York"), day(9, 3.5), day(9, 4)) == ["pay", ""]


def test_of_several_on_one_day_the_last_stands() -> None:
    facts = [
        mapping("pay", day(5)),
        mapping("pay", day(10, 9), removed=True),
        mapping("pay", day(10, 17)),
        mapping("till", day(10, 9)),
        mapping("till", day(10, 17), removed=True),
    ]
    assert owners(Mappings.of(facts), day(12)) == ["pay"]
    assert owners(Mappings.of(facts[::-1]), day(12)) == ["pay"]


def test_paths_that_change() -> None:
    mappings = Mappings.of(
        [
            mapping("pay", day(5), "pay/**", repository=MONO),
            mapping("pay", day(10), "services/pay/**", repository=MONO),
            mapping("cart", day(5), "cart/**", repository=MONO),
        ]
    )
    old, new = push("pay/a", repository=MONO), push("services/pay/a", repository=MONO)
    assert [services_of(mappings, event(old, day(number))) for number in (9, 10)] == [(("pay", "path"),), ()]
    assert [services_of(mappings, event(new, day(number))) for number in (9, 10)] == [(), (("pay", "path"),)]


def test_a_service_that_joins_a_repository_later_has_its_history_there() -> None:
    mappings = Mappings.of(
        [mapping("pay", day(5), "pay/**", repository=MONO), mapping("cart", day(15), "cart/**", repository=MONO)]
    )
    assert services_of(mappings, event(push("cart/a", repository=MONO), day(1))) == (("cart", "path"),)


# globs


@pytest.mark.parametrize(
    ("glob", "path", "want"),
    [
        ("services/pay/**", "services/pay/a/b.py", True),
        ("services/pay/**", "services/payments/a.py", False),
        ("services/pay", "services/pay/a.py", True),
        ("services/pay/", "services/pay/a.py", True),
        ("/services/pay", "services/pay", True),
        ("services/pay", "services/payments/a.py", False),
        ("services/*/api", "services/pay/api", True),
        ("services/*", "services/pay/a.py", False),
        ("**/pay/*.py", "a/b/pay/c.py", True),
        ("**/pay/*.py", "pay/c.py", True),
        ("**", "anything/at/all", True),
        ("a?c.py", "abc.py", True),
        ("a?c.py", "a/c.py", False),
        ("a+b/**", "a+b/c", True),
    ],
)
def test_globs(glob: str, path: str, want: bool) -> None:
    assert matches([glob], path) is want

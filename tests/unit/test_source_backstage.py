"""Backstage descriptors: given a file, expected catalog facts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from producers.sources.backstage import map_text
from producers.sources.common import Rejected
from producers.sources.entities import place, reference
from schemas.catalog import Grant, Mapping, Ownership, Service, Team

EXAMPLE = (Path(__file__).parents[1] / "examples" / "backstage" / "catalog-info.yaml").read_text()
OBSERVED = datetime(2024, 6, 1, tzinfo=UTC)


def mapped(text, **options):
    return map_text(text, observed=OBSERVED, **options)


def component(**spec):
    lines = "".join(f"\n  {key}: {value}" for key, value in spec.items()) or " {}"
    return f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: pay}}\nspec:{lines}\n"


def test_a_file_of_entities_is_facts():
    made = mapped(EXAMPLE, declared_in="shop/catalog-info.yaml")
    assert [event.data.model_copy(update={"declared_in": None}) for event in made.events] == [
        Service(
            service="pay",
            title="Payments",
            onboarded_at=datetime(2024, 2, 1, tzinfo=UTC),
            template="python-service",
            system="shop",
            lifecycle="production",
            aliases=("shop-pay", "payments", "pay-api"),
        ),
        Ownership(name="pay", team="payments"),
        Grant(team="payments", service="ledger", relation="eligible"),
        Grant(team="payments", service="finance/invoices", relation="eligible"),
        Mapping(repository="github.com/acme/shop", paths=("services/pay/**",), service="pay"),
        Service(
            service="ledger",
            lifecycle="production",
            is_platform=True,
            capability="api",
            natural_grain="day",
            active_min=10,
        ),
        Ownership(name="ledger", team="ledger-team"),
        Mapping(repository="github.com/acme/ledger", service="ledger"),
        Service(service="no"),  # YAML's `no` is a name here
        Team(team="payments", title="Payments", parent="commerce"),
    ]
    assert made.ignored == ("backstage:owner_is_user", "backstage:User", "backstage:System")
    assert {event.data.declared_in for event in made.events} == {"shop/catalog-info.yaml"}
    assert {(event.source, event.time) for event in made.events} == {("//backstage", OBSERVED)}


def test_a_later_import_is_another_observation_and_the_same_import_is_the_same():
    first = [event.id for event in mapped(EXAMPLE).events]
    assert first == [event.id for event in mapped(EXAMPLE).events]
    later = [event.id for event in map_text(EXAMPLE, observed=OBSERVED + timedelta(days=1)).events]
    assert not set(first) & set(later)
    assert len(set(first)) == len(first)


def test_a_component_stands_for_the_api_of_its_name():
    api = component(owner="team-a").replace("Component", "API")
    made = mapped(component(owner="team-a") + "---\n" + api)
    assert [event.data.kind for event in made.events] == ["service", "ownership"]
    assert made.ignored == ("backstage:API.described_by_component",)


def test_without_an_owner_nobody_owns_it():
    made = mapped(component(lifecycle="production"))
    assert [event.data.kind for event in made.events] == ["service"]
    assert made.ignored == ("backstage:no_owner",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pay", ("component", "pay")),
        ("default/pay", ("component", "pay")),
        ("shop/pay", ("component", "shop/pay")),
        ("API:shop/pay", ("api", "shop/pay")),
        ("group:default/pay", ("group", "pay")),
    ],
)
def test_entity_references(text, expected):
    assert reference(text, "component", "spec.owner") == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("url:https://github.com/Acme/Shop", ("github.com/acme/shop", "")),
        ("url:https://github.com/Acme/Shop.git", ("github.com/acme/shop", "")),
        ("url:https://github.com/Acme/Shop/tree/main/Services/Pay/", ("github.com/acme/shop", "Services/Pay")),
        ("url:https://gitlab.com/acme/eu/shop/-/tree/main/pay", ("gitlab.com/acme/eu/shop", "pay")),
        ("url:https://bitbucket.org/acme/shop/src/main/pay", ("bitbucket.org/acme/shop", "pay")),
        ("dir:.", None),
        ("url:ftp://example.com/a/b", None),
        ("url:https://[", None),
        ("https://github.com/acme/shop", None),
    ],
)
def test_source_locations(location, expected):
    assert place(location) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [", "malformed_yaml"),
        ("* @acme/payments", "malformed_yaml"),
        ("just text", "wrong_type"),
        ("kind: Component", "missing_field"),
        (component(owner="a/b/c"), "malformed_reference"),
        (component(owner="x", consumesApis="ledger"), "wrong_type"),
        (
            component(owner="x").replace("{name: pay}", "{name: pay, labels: {adoption/platform: perhaps}}"),
            "wrong_type",
        ),
        (
            component(owner="x").replace("{name: pay}", "{name: pay, annotations: {adoption/onboarded: soon}}"),
            "malformed_time",
        ),
        (component(owner="x").replace("{name: pay}", "{name: pay, annotations: {adoption/grain: hour}}"), "contract"),
        ("[" * 2000, "malformed_yaml"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(text, reason):
    with pytest.raises(Rejected) as caught:
        mapped(text)
    assert caught.value.reason == reason


def test_tags_make_no_objects():
    made = mapped(component(owner="x", lifecycle="!!python/object/apply:os.system [echo]").replace("[echo]", "echo"))
    assert made.events[0].data.lifecycle == "echo"


def test_an_empty_file_is_no_facts():
    assert mapped("---\n---\n").events == ()

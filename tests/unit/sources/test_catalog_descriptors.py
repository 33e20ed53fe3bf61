"""Cortex's and OpsLevel's descriptors and CODEOWNERS: given files, expected catalog facts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources import codeowners, cortex, opslevel
from producers.sources.common import Rejected
from schemas.catalog import Mapping, Ownership, Service, Team

EXAMPLES = Path(__file__).parents[2] / "examples"
OBSERVED = datetime(2024, 6, 1, tzinfo=UTC)
MARCH = datetime(2024, 3, 1, tzinfo=UTC)


def facts(mapper, text):
    return [event.data for event in mapper.map_text(text, observed=OBSERVED).events]


def test_cortex_entities_are_facts():
    text = (EXAMPLES / "cortex" / "cortex.yaml").read_text()
    assert facts(cortex, text) == [
        Service(
            service="pay", title="Payments", system="checkout", is_platform=True, capability="api", onboarded_at=MARCH
        ),
        Ownership(name="pay", team="payments"),
        Mapping(repository="github.com/acme/shop", paths=("services/pay/**",), service="pay"),
        Team(team="payments", title="Payments team", parent="commerce"),
    ]
    assert cortex.map_text(text, observed=OBSERVED).ignored == ("cortex:further_owner", "cortex:domain")


def test_a_cortex_entity_without_a_type_is_a_service_and_an_unknown_forge_no_repository():
    text = "info: {title: Pay, x-cortex-tag: pay, x-cortex-git: {azure: {project: Shop, repository: pay}}}"
    assert facts(cortex, text) == [Service(service="pay", title="Pay")]
    assert cortex.map_text(text, observed=OBSERVED).ignored == ("cortex:no_owner", "cortex:git.azure")


def test_a_cortex_entity_without_its_tag_is_refused():
    with pytest.raises(Rejected, match="x-cortex-tag"):
        cortex.map_text("info: {title: Pay}", observed=OBSERVED)


def test_an_opslevel_component_is_facts():
    text = (EXAMPLES / "opslevel" / "opslevel.yml").read_text()
    name = "Order Processor"
    assert facts(opslevel, text) == [
        Service(
            service=name,
            system="checkout",
            lifecycle="generally_available",
            onboarded_at=MARCH,
            aliases=("order-processor", "orders", "order-api"),
        ),
        Ownership(name=name, team="payments"),
        Mapping(repository="github.com/acme/orders", service=name),
        Mapping(repository="gitlab.com/acme/shop", paths=("services/orders/**",), service=name),
    ]
    assert opslevel.map_text(text, observed=OBSERVED).ignored == ("opslevel:repository_of_unknown_host",)


def test_opslevels_older_word_for_a_component_and_a_file_of_a_repository():
    assert facts(opslevel, "version: 1\nservice: {name: pay, owner: payments}")[0] == Service(service="pay")
    mapped = opslevel.map_text("version: 1\nrepository: {owner: payments}", observed=OBSERVED)
    assert (mapped.events, mapped.ignored) == ((), ("opslevel:repository",))


@pytest.mark.parametrize("mapper", [cortex, opslevel])
def test_the_same_file_gives_the_same_events(mapper):
    text = next((EXAMPLES / mapper.__name__.rpartition(".")[2]).iterdir()).read_text()
    once = mapper.map_text(text, observed=OBSERVED)
    assert once == mapper.map_text(text, observed=OBSERVED)
    assert len({event.id for event in once.events}) == len(once.events)


CODEOWNERS = """\
# who reviews what
*             @acme/platform
/services/    @ada ops@example.com @acme/backend   # the first team counts
pay           @acme/payments
docs/*        @acme/writers
**/legacy/**
"""


@pytest.mark.parametrize(
    ("path", "team"),
    [
        ("catalog-info.yaml", "platform"),
        ("services/cart/catalog-info.yaml", "backend"),
        ("services/pay/catalog-info.yaml", "payments"),
        ("services/payroll/catalog-info.yaml", "backend"),
        ("docs/catalog-info.yaml", "writers"),
        ("docs/api/catalog-info.yaml", "platform"),
        ("services/legacy/pay.yaml", None),
    ],
)
def test_the_last_pattern_that_matches_names_the_team(path, team):
    assert codeowners.team_of(codeowners.rules(CODEOWNERS), path) == team


def test_a_sections_owners_stand_for_its_lines_without_any():
    rules = codeowners.rules("[Payments][2] @acme/eu/payments\nservices/pay/\nservices/cart/ @acme/cart\n")
    assert codeowners.team_of(rules, "services/pay/x.yaml") == "payments"
    assert codeowners.team_of(rules, "services/cart/x.yaml") == "cart"

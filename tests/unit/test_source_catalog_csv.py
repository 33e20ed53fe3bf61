"""The plain CSV catalog: given lines, expected catalog facts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.catalog_csv import COLUMNS, TIMES, map_text
from producers.sources.common import Rejected
from schemas import catalog
from schemas.catalog import Consumer, Grant, Mapping, Ownership, Service, Team

EXAMPLE = (Path(__file__).parents[1] / "examples" / "catalog_csv" / "catalog.csv").read_text()
OBSERVED = datetime(2024, 6, 1, tzinfo=UTC)


def mapped(text):
    return map_text(text, observed=OBSERVED)


def test_lines_are_facts():
    assert [event.data for event in mapped(EXAMPLE).events] == [
        Service(service="pay", onboarded_at=datetime(2024, 2, 1, tzinfo=UTC), aliases=("shop-pay", "payments")),
        Ownership(name="pay", team="payments"),
        Mapping(repository="github.com/acme/shop", paths=("services/pay/**", "libs/money/**"), service="pay"),
        Service(service="ledger", is_platform=True),
        Team(team="payments", parent="commerce"),
        Grant(team="payments", service="ledger", relation="eligible", valid_from=datetime(2024, 3, 1, tzinfo=UTC)),
        Ownership(entity="consumer", name="checkout", team="shop", valid_from=datetime(2024, 4, 30, 22, tzinfo=UTC)),
        Consumer(consumer="checkout", service="checkout-api"),
    ]


def test_a_byte_order_mark_quotes_and_empty_lines_are_no_matter():
    assert mapped('\ufeffkind,service,title\r\n\r\nservice,pay,"Pay, and ""more"""\r\n').events[0].data.title == (
        'Pay, and "more"'
    )


def test_two_intervals_of_one_owner_are_two_facts():
    text = "kind,name,team,valid_from\nownership,pay,a,2023-01-01\nownership,pay,a,2025-01-01\n"
    assert len({event.id for event in mapped(text).events}) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: expected a header with the column kind"),
        ("service,team\npay,a\n", "line 1: expected a header with the column kind"),
        ("kind,colour\nservice,red\n", "line 1: expected columns of kind,"),
        ("kind,kind\n", "each once"),
        ("kind,service\nthing,pay\n", "line 2: expected kind of service, team,"),
        ("kind,service\nservice,\n", "line 2: service: Field required"),
        ("kind,service\nservice,pay,more\n", "line 2: expected 2 cells, got 3"),
        ("kind,team,is_platform\nteam,a,true\n", "line 2: expected no is_platform in a line of kind team"),
        ("kind,service,is_platform\nservice,pay,perhaps\n", "line 2: is_platform: Input should be a valid boolean"),
        ("kind,service,onboarded_at\nservice,pay,2024-05-01T10:00\n", "line 2: expected onboarded_at like"),
        ("kind,service,onboarded_at\nservice,pay,2024-05-01T10:00:00\n", "line 2: expected onboarded_at with a zone"),
        ("kind,service,paths\nservice,pay,a/**\n", "line 2: expected repository beside paths"),
        ('kind,service\nservice,"pay\n', "expected CSV, got at line 2"),
    ],
)
def test_mistakes_are_named_by_line(text, said):
    with pytest.raises(Rejected) as caught:
        mapped(text)
    assert said in caught.value.detail


def test_all_mistakes_are_told_at_once_and_nothing_is_taken():
    with pytest.raises(Rejected) as caught:
        mapped("kind,service\nservice,pay\nx,a\nservice,\n" + "y,b\n" * 20)
    assert "line 3:" in caught.value.detail
    assert "line 4:" in caught.value.detail
    assert "(and 12 more)" in caught.value.detail


def test_every_time_of_the_contracts_is_read_as_one():
    models = (catalog.Service, catalog.Team, catalog.Mapping, catalog.Ownership, catalog.Consumer, catalog.Grant)
    models += (catalog.Slo, catalog.Target, catalog.Annotation, catalog.Resource, catalog.Observation)
    fields = {name: info for model in models for name, info in model.model_fields.items()}
    assert {name for name, info in fields.items() if "AwareDatetime" in str(info)} == TIMES
    assert set(COLUMNS) == set(fields)

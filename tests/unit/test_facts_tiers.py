"""Environment tiers: explicit, provider's flag, configured, by name, unknown."""

from __future__ import annotations

import pytest

from stream_processors.facts import FactsConfig
from stream_processors.facts.tiers import tier_of


@pytest.mark.parametrize(
    "name", ["prod", "production", "live", "Production", "PROD-eu", "prod_2", "live.eu/1", "prod-"]
)
def test_production_names(name: str) -> None:
    assert tier_of(name, [], [], FactsConfig()) == ("production", "pattern")


@pytest.mark.parametrize(
    "name",
    [
        "stag",
        "stage",
        "staging",
        "preprod",
        "uat",
        "qa",
        "test",
        "testing",
        "int",
        "dev",
        "development",
        "preview",
        "review",
        "sandbox",
        "Staging",
        "review/42",
        "dev-prod",
    ],
)
def test_nonprod_names(name: str) -> None:
    assert tier_of(name, [], [], FactsConfig()) == ("nonprod", "pattern")


@pytest.mark.parametrize(
    "name", ["", "prod-test", "production/preview", "products", "canary", "eu-prod", "github-pages"]
)
def test_unknown_names(name: str) -> None:
    assert tier_of(name, [], [], FactsConfig()) == ("unknown", "unknown")


def test_a_later_part_that_only_begins_like_a_nonprod_word_changes_nothing() -> None:
    assert tier_of("prod-testing1", [], [], FactsConfig())[0] == "production"


def test_what_the_event_says_wins() -> None:
    assert tier_of("production", ["nonprod"], [True], FactsConfig()) == ("nonprod", "explicit")
    assert tier_of("qa", [None, "production"], [], FactsConfig()) == ("production", "explicit")


def test_a_true_flag_counts_and_a_false_one_says_nothing() -> None:
    assert tier_of("qa", [], [None, True], FactsConfig()) == ("production", "provider")
    assert tier_of("prod-eu", [], [False], FactsConfig()) == ("production", "pattern")


def test_the_configured_map_comes_before_names() -> None:
    config = FactsConfig(environment_map={"Live": "nonprod", "canary": "production"})
    assert tier_of("live", [], [False], config) == ("nonprod", "configured")
    assert tier_of("Canary", [], [], config) == ("production", "configured")

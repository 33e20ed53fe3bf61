"""What an installation sets reaches the facts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from schemas.settings import Settings
from stream_processors.facts import FactsConfig
from stream_processors.facts.config import config_of
from tests.histories import History


def test_without_a_word_the_dictionarys_defaults() -> None:
    assert config_of(Settings()) == FactsConfig()


def test_what_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADOPTION_ENVIRONMENT_TIERS", '{"blue": "production"}')
    monkeypatch.setenv("ADOPTION_ATTRIBUTION_HOURS", "1")
    monkeypatch.setenv("ADOPTION_HOTFIX_REF", "^urgent/")
    config = config_of(Settings())
    assert config.attribution_window == timedelta(hours=1)
    history = History(config)
    history.deploy("1", 1, "v1", environment="Blue", ref="refs/heads/URGENT/7")
    history.deploy("2", 2, "v2", ref="hotfix/7")
    assert {name: one.rework_rule for name, one in history.releases().items()} == {"1": "ref", "2": ""}


def test_a_pattern_that_is_none_is_refused_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADOPTION_HOTFIX_TITLE", "[")
    with pytest.raises(ValidationError, match="expected a regular expression"):
        Settings()

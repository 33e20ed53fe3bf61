"""What tellers of incidents share: the words of labels, tags, and epochs of any unit."""

from datetime import UTC, datetime

import pytest

from producers.sources.common import Rejected
from producers.sources.incidents import fields_of, tagged
from producers.sources.times import epoch_of_any_unit

AT = datetime(2024, 5, 2, 9, 50, tzinfo=UTC)
SECONDS = 1_714_643_400


def test_labels_say_what_an_incident_is_about_however_they_are_spelled():
    said = fields_of({"Service": "pay", "env": "production", "Deployment ID": "7001", "commit": "c3" * 20, "team": "x"})
    assert said == {
        "service": "pay",
        "environment": "production",
        "deployment_ids": ("7001",),
        "commits": ("c3" * 20,),
    }


def test_the_plain_spelling_comes_first_and_what_is_no_commit_is_none():
    assert fields_of({"service": "pay", "Service": "shop", "commit": "main", "severity": " "}) == {"service": "pay"}


def test_tags_with_a_name_are_labels():
    assert tagged(["service:pay", "env=production", "url:https://x", "vip", ":x", "y:"]) == {
        "service": "pay",
        "env": "production",
        "url": "https://x",
    }


@pytest.mark.parametrize("per_second", [1, 1_000, 1_000_000, 1_000_000_000])
def test_the_size_of_an_epoch_tells_its_unit(per_second):
    assert epoch_of_any_unit(SECONDS * per_second, "at") == AT


@pytest.mark.parametrize("count", [0, -1, 10**12 // 100, 2**62])
def test_an_epoch_of_no_unit_is_refused(count):
    with pytest.raises(Rejected, match="time_out_of_range"):
        epoch_of_any_unit(count, "at")

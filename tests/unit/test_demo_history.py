"""The demo's year is the same for a seed, is what its vendors would send, and tells the stories that were planted."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.demo import organisation, sending
from deploy.local.demo.adoption import lines, team_spans
from deploy.local.demo.delivery import Life
from deploy.local.demo.history import History, generate
from producers.sources import backstage, catalog_csv, kong
from producers.sources.common import Context
from producers.sources.line_mapper import map_lines
from producers.sources.registry import SOURCES
from schemas.envelope import Event

END = datetime(2026, 3, 31, 12, tzinfo=UTC)
CONTEXT = Context(salt=b"salt")
UNIT = "0" * 32


@pytest.fixture(scope="module")
def history() -> History:
    return generate(7, END)


@pytest.fixture(scope="module")
def log(history: History) -> list[str]:
    """NGINX's access log."""
    return list(history.access_log())


@pytest.fixture(scope="module")
def delivered(history: History) -> list[Event]:
    """What the pure mappers make of every webhook."""
    github, alertmanager = SOURCES["github"].map_events, SOURCES["alertmanager"].map_events
    assert github is not None
    assert alertmanager is not None
    events: list[Event] = []
    for webhook in history.webhooks:
        mapped = github(webhook.payload, {"X-GitHub-Event": webhook.event}, CONTEXT)
        assert not mapped.ignored
        events += mapped.events
    for alert in history.alerts:
        events += alertmanager(alert.payload, {}, CONTEXT).events
    return events


def digest(history: History) -> str:
    told = hashlib.sha256()
    for webhook in history.webhooks:
        told.update(json.dumps([webhook.event, webhook.payload]).encode())
    for alert in history.alerts:
        told.update(json.dumps(alert.payload).encode())
    for document in history.catalog:
        told.update(document.text.encode())
    for line in history.access_log():
        told.update(line.encode())
    for array in history.kong_arrays():
        told.update(array.key.encode() + json.dumps(array.records).encode())
    return told.hexdigest()


def test_a_seed_gives_the_same_bytes_and_another_seed_another_year() -> None:
    first, again, other = generate(7, END, 30), generate(7, END, 30), generate(8, END, 30)
    assert digest(first) == digest(again)
    assert digest(first) != digest(other)


def test_a_short_or_zoneless_year_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 30 days"):
        generate(7, END, 29)
    with pytest.raises(ValueError, match="with a zone"):
        generate(7, END.replace(tzinfo=None))


def test_the_volume_fits_the_demo(history: History) -> None:
    assert len(history.lives) == 40
    assert len(lines()) + len(organisation.PLATFORM_TEAMS) == 25
    assert 6_000 < len(history.webhooks) <= 12_500
    assert 100 < len(history.alerts) < 600
    assert {webhook.event for webhook in history.webhooks} == {
        "push", "pull_request", "workflow_run", "deployment", "deployment_status",
    }  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_other_seeds_stay_within_the_budget(seed: int) -> None:
    assert len(generate(seed, END).webhooks) <= 12_500


def test_every_webhook_becomes_an_event_of_its_own(history: History, delivered: list[Event]) -> None:
    resolved = sum(alert.payload["status"] == "resolved" for alert in history.alerts)
    assert len(delivered) == len(history.webhooks) + len(history.alerts) + resolved
    # A resolved alert tells its opening again, under the same identity.
    assert len({(event.source, event.id) for event in delivered}) == len(delivered) - resolved


def test_nothing_is_later_than_the_end(history: History, delivered: list[Event]) -> None:
    assert max(event.time for event in delivered) <= END
    assert max(webhook.at for webhook in history.webhooks) < END


def test_every_catalog_file_maps(history: History) -> None:
    kinds: Counter[str] = Counter()
    for document in history.catalog:
        read = catalog_csv.map_text if document.name.endswith(".csv") else backstage.map_text
        mapped = read(document.text, observed=END)
        assert not mapped.ignored
        kinds.update(event.data.kind for event in mapped.events)
    assert kinds["service"] == 40
    assert kinds["mapping"] == 40
    assert kinds["consumer"] > 40
    assert kinds["target"] == 1


def test_every_access_log_line_maps(log: list[str]) -> None:
    assert 300_000 < len(log) < 500_000
    times = [float(line[6:20]) for line in log[::50]]
    assert times == sorted(times)
    assert times[-1] < END.timestamp()
    sample = log[::20]
    mapped = map_lines("".join(sample).encode(), format="nginx-json", unit=UNIT, context=CONTEXT)
    assert mapped.rejected == ()
    assert mapped.ignored == ()
    assert mapped.rows.num_rows == len(sample)
    assert set(mapped.rows["outcome"].unique().to_pylist()) == {"ok", "client_error", "error", "limited"}
    assert "/sessions/{id}" in mapped.rows["route"].unique().to_pylist()


def test_every_kong_record_maps(history: History) -> None:
    arrays = list(history.kong_arrays())
    assert 20_000 < sum(len(array.records) for array in arrays) < 45_000
    assert len({array.key for array in arrays}) == len(arrays)
    for array in arrays[::10]:
        mapped = kong.map_records(list(array.records), unit=UNIT, context=CONTEXT)
        assert mapped.rejected == ()
        assert mapped.rows.num_rows == len(array.records)


def test_a_webhook_is_signed_over_its_bytes(history: History) -> None:
    post = sending.of_webhook(history.webhooks[0], "secret")
    expected = hmac.new(b"secret", post.body, hashlib.sha256).hexdigest()
    assert post.headers["X-Hub-Signature-256"] == f"sha256={expected}"


# --- the stories


def calls(log: list[str], **words: str) -> list[datetime]:
    """When requests with these words were made, in the order of time."""
    marks = [f'"{name}":"{word}"' for name, word in words.items()]
    return [datetime.fromtimestamp(json.loads(line)["at"], UTC) for line in log if all(mark in line for mark in marks)]


def test_one_team_goes_silent(history: History, log: list[str]) -> None:
    team, day = organisation.SILENT
    used = calls(log, consumer=f"{team}-jobs") + calls(log, consumer="supplier-portal")
    silent_since = history.year.moment(day)
    assert used
    assert silent_since - timedelta(days=10) < max(used) < silent_since + timedelta(days=1)


def test_one_team_comes_back_after_weeks(history: History, log: list[str]) -> None:
    team, gone, back = organisation.BACK
    used = calls(log, consumer=f"{team}-jobs")
    quiet = history.year.moment(gone) + timedelta(days=1), history.year.moment(back) - timedelta(days=1)
    assert any(at < quiet[0] for at in used)
    assert not any(quiet[0] < at < quiet[1] for at in used)
    assert any(at > quiet[1] for at in used)


def test_one_release_is_rolled_back(history: History) -> None:
    name, day = organisation.ROLLED_BACK
    (life,) = (life for life in history.lives if life.service.name == name)
    done = [
        (webhook.at, webhook.payload["deployment"]["payload"]["version"])
        for webhook in life.webhooks
        if webhook.event == "deployment_status"
        and webhook.payload["deployment"]["environment"] == "production"
        and webhook.payload["deployment_status"]["state"] == "success"
    ]
    planted = next(i for i, (at, _) in enumerate(done) if at > history.year.moment(day))
    before, bad, after = (version for _, version in done[planted - 1 : planted + 2])
    assert before == after != bad
    assert done[planted + 1][0] - done[planted][0] < timedelta(hours=2)
    assert any(done[planted][0] < alert.at < done[planted + 1][0] for alert in life.alerts)


def test_one_team_is_renamed_and_its_services_go_with_it(history: History) -> None:
    (text,) = (document.text for document in history.catalog if document.name.endswith(".csv"))
    facts = [event.data for event in catalog_csv.map_text(text, observed=END).events]
    old, new, _ = organisation.RENAMED
    (renamed,) = (fact for fact in facts if fact.kind == "team" and fact.team == new)
    assert renamed.lineage == "renamed"
    assert renamed.predecessors == (old,)
    owners = [
        (fact.team, fact.valid_from) for fact in facts if fact.kind == "ownership" and fact.name == "insight-feed"
    ]
    assert [team for team, _ in owners] == [old, new]
    assert owners[0][1] < owners[1][1]


def test_adoption_grows_along_an_s_curve() -> None:
    (notifications,) = (one for one in organisation.PLATFORM if one.service.name == "notifications")
    starts = sorted(spans[0][0] for spans in team_spans(7, notifications).values())
    assert starts[0] >= notifications.launched
    by_quarter = [sum(lower <= start < lower + 91.25 for start in starts) for lower in (0, 91.25, 182.5, 273.75)]
    assert by_quarter[1] == max(by_quarter)
    assert 0.6 * len(lines()) < len(starts) <= notifications.ceiling * len(lines()) + 1


def test_the_golden_path_is_faster_and_ten_services_are_on_their_way(history: History) -> None:
    new = [life for life in history.lives if life.service.onboarded >= 0]
    done = [life for life in new if life.deployed]
    assert len(new) - len(done) == 10

    def days(life: Life) -> float:
        return (life.deployed[0] - history.year.moment(life.service.onboarded)).total_seconds() / 86400

    golden = [days(life) for life in done if life.service.golden]
    others = [days(life) for life in done if not life.service.golden]
    assert len(golden) >= 5
    assert max(golden) < min(others)


def test_milestones_come_in_their_order(history: History, log: list[str]) -> None:
    (life,) = (life for life in history.lives if life.service.name == "mobile-gateway")
    staging = next(w.at for w in life.webhooks if w.event == "deployment_status")
    first = {
        "commit": next(w.at for w in life.webhooks if w.event == "push"),
        "ci": next(w.at for w in life.webhooks if w.event == "workflow_run"),
        "staging": staging,
        "production": life.deployed[0],
        "traffic": calls(log, service="mobile-gateway")[0],
    }
    assert list(first.values()) == sorted(first.values())

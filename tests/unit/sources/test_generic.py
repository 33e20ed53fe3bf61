"""A mapping file: what it makes of payloads, and how its mistakes are told."""

import json
import time
from pathlib import Path

import pytest

from producers.source.setups import sender
from producers.sources import registry
from producers.sources.common import Context, Rejected
from producers.sources.generic.expressions import LONGEST, Expression, ExpressionError
from producers.sources.generic.mapper import rows
from producers.sources.generic.mapping import MappingFileError, read
from schemas.delivery import Deployment, Incident, Repository
from tests.support.ingest_service import Service, default_access, signature

EXAMPLES = Path(__file__).parents[2] / "examples"
CONTEXT = Context(salt=b"salt")
(DEPLOYER,) = rows(EXAMPLES / "generic")


def load(name):
    return json.loads((EXAMPLES / "generic-deployer" / f"{name}.json").read_text())


def mapped(payload):
    return DEPLOYER.map_events(payload, {}, CONTEXT)


def test_a_file_is_a_source_with_an_address():
    assert (DEPLOYER.name, DEPLOYER.path, DEPLOYER.scheme) == (
        "generic-deployer",
        "webhooks/generic-deployer",
        "token",
    )


def test_a_payload_becomes_the_contract_that_its_rule_says():
    (event,) = mapped(load("done")).events
    assert event.time.isoformat() == "2024-05-02T07:45:00+00:00"
    assert event.subject == "git.example/acme/pay"
    assert event.data == Deployment(
        provider="generic-deployer",
        deployment_id="4711",
        environment="production",
        service="pay",
        version="1.4.0",
        repository=Repository(name="git.example/acme/pay"),
        commit="c3" * 20,
        actor=event.data.actor,
        url="https://deploy.example/4711",
        title="Release 1.4.0, asked by [email]",
        started_at="2024-05-02T07:40:00Z",
        is_rollback=False,
        status="success",
        labels={"cluster": "eu-1"},
    )
    assert len(event.data.actor) == 16


def test_of_several_places_the_first_that_is_there_counts():
    (event,) = mapped(load("incident_opened")).events
    assert event.subject == "incident-PAY-12"
    assert event.data == Incident(
        provider="generic-deployer", incident_id="12", service="pay", severity="high", state="opened"
    )


def test_the_same_state_again_is_the_same_event_and_another_state_another():
    done, again = load("done"), load("done")
    again["links"] = {"page": "https://deploy.example/elsewhere"}
    broken = load("done")
    broken["deploy"]["state"] = "broken"
    ids = [mapped(payload).events[0].id for payload in (done, again, broken)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"kind": "heartbeat"}, "generic-deployer:heartbeat"),
        ({"kind": "unheard"}, "generic-deployer:no_rule"),
        ({"kind": "deploy", "deploy": {"state": "planned"}}, "generic-deployer:status"),
    ],
)
def test_what_is_none_of_our_business_is_ignored_by_name(payload, reason):
    assert mapped(payload).ignored == (reason,)


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("state", "exploded", "unknown_status"),
        ("changed", None, "missing_field"),
        ("changed", "yesterday", "malformed_time"),
        ("changed", True, "wrong_type"),
        ("changed", 12, "time_out_of_range"),
        ("rollback", "no", "wrong_type"),
        ("id", {"a": 1}, "wrong_type"),
        ("version", 1.5, "wrong_type"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(place, value, reason):
    payload = load("done")
    payload["deploy"][place] = value
    with pytest.raises(Rejected) as refused:
        mapped(payload)
    assert refused.value.reason == reason
    assert f"deploy.{place}" in refused.value.detail


@pytest.mark.parametrize("seconds", [1714635900, 1714635900.0, 1714635900000, 1714635900000000, "1714635900000"])
def test_an_epoch_is_read_in_any_unit(seconds):
    payload = load("done")
    payload["deploy"]["changed"] = seconds
    assert mapped(payload).events[0].time.isoformat() == "2024-05-02T07:45:00+00:00"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a[*].b", "got projection"),
        ("a[?b]", "got filter_projection"),
        ("a[].b", "got"),
        ("[a, b]", "got multi_select_list"),
        ("a | b", "got pipe"),
        ("{x: a}", "got multi_select_dict"),
        ("to_string(a)", "got to_string"),
        ("map(&b, a)", "got map"),
        ("a..b", "expected a JMESPath expression"),
        ("a" * (LONGEST + 1), "at most 300 characters"),
    ],
)
def test_an_expression_looks_and_computes_nothing(text, said):
    with pytest.raises(ExpressionError, match=r"^expected"):
        Expression(text)
    with pytest.raises(ExpressionError) as error:
        Expression(text)
    assert said in str(error.value)


def test_the_longest_expression_over_the_largest_payload_is_quick():
    part = "join('',[a,a])"
    text = f"join('',[{','.join([part] * 18)}])"
    assert len(text) <= LONGEST
    started = time.perf_counter()
    assert len(Expression(text).value({"a": "x" * DEPLOYER.max_bytes})) == 36 * DEPLOYER.max_bytes
    assert time.perf_counter() - started < 5


GOOD = {"event": "incident", "id": ["a"], "time": "b", "fields": {"incident_id": "a", "state": "c"}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("rules: [", "expected YAML"),
        ("3", "MappingFile"),
        ({"rules": []}, "rules: Tuple should have at least 1 item"),
        ({"rules": [GOOD], "scheme": "trust"}, "scheme: Input should be 'token'"),
        ({"rules": [{}]}, "rules.0: Value error, expected either event or ignore"),
        ({"rules": [GOOD | {"id": []}]}, "expected id"),
        ({"rules": [GOOD | {"fields": {"state": "c"}}]}, "expected fields to have incident_id"),
        ({"rules": [GOOD | {"fields": GOOD["fields"] | {"colour": "c"}}]}, "got colour"),
        ({"rules": [GOOD | {"fields": GOOD["fields"] | {"state": {"from": "c", "words": {"x": "y"}}}}]}, "got ['y']"),
        ({"rules": [GOOD, GOOD | {"time": "b[*]"}]}, "rules.1: expected fields, comparisons"),
        ({"rules": [GOOD | {"whenn": "a"}]}, "whenn: Extra inputs"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_place(tmp_path, content, said):
    file = tmp_path / "tool.yaml"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(MappingFileError) as error:
        read(file)
    assert str(file) in str(error.value)
    assert said in str(error.value)


def test_the_service_takes_what_a_file_describes_with_its_scheme(tmp_path):
    folder = tmp_path / "webhooks"
    folder.mkdir()
    text = (EXAMPLES / "generic" / "deployer.yaml").read_text()
    (folder / "signed.yaml").write_text(text.replace("scheme: token", "scheme: github-hmac"))
    (folder / "deployer.yaml").write_text(text)
    before = dict(registry.SOURCES)
    try:
        registry.with_generic(folder)
        access = default_access() | {"webhooks": {"generic-signed": {"secrets": ["ours"]}}}
        raw = json.dumps(load("done")).encode()
        with Service(tmp_path, access=access) as service:
            assert service.post("/v1/webhooks/generic-deployer", raw).json()["accepted"] == 1
            assert service.post("/v1/webhooks/generic-deployer", raw, {"authorization": "x"}).status_code == 401
            assert service.post("/v1/webhooks/generic-signed", raw).status_code == 401
            assert service.post("/v1/webhooks/generic-signed", raw, signature(raw, "ours")).status_code == 202
        assert "with the secret THE-SECRET" in sender("generic-signed").text("https://a.example", "THE-SECRET")
        assert "Bearer THE-SECRET" in sender("generic-deployer").text("https://a.example", "THE-SECRET")
    finally:
        for name in registry.SOURCES.keys() - before.keys():
            del registry.SOURCES[name]


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(MappingFileError, match="expected a folder"):
        rows(tmp_path / "gone")


def test_a_files_name_is_part_of_an_address(tmp_path):
    file = tmp_path / "Our Tool.yaml"
    file.write_text(json.dumps({"rules": [GOOD]}))
    with pytest.raises(MappingFileError, match="small letters"):
        rows(tmp_path)

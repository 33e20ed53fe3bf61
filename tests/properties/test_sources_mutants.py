"""Mappers under mutated payloads: they refuse or map, invent nothing, and give the same event for the same thing.

Mutants are made of the hand-written examples: a field is dropped, its value takes another type, or is wrapped.
"""

import contextlib
import copy
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.sources import backstage, catalog_csv
from producers.sources.alertmanager import map_payload as alertmanager
from producers.sources.common import Context, Rejected
from producers.sources.github.mapper import map_payload as github
from producers.sources.kong import map_records
from schemas.envelope import to_kafka

EXAMPLES = Path(__file__).parents[1] / "examples"
CONTEXT = Context(salt=b"salt")
OBSERVED = datetime(2024, 6, 1, tzinfo=UTC)
WEBHOOKS = {
    f"{folder}/{path.stem}": (mapper, json.loads(path.read_text()))
    for folder, mapper in (("github", github), ("alertmanager", alertmanager))
    for path in sorted((EXAMPLES / folder).glob("*.json"))
}
EVENTS = ("deployment_status", "deployment", "pull_request_review", "pull_request", "push", "release", "workflow_run")
KONG = [json.loads(path.read_text()) for path in sorted((EXAMPLES / "kong").glob("*.json"))]
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.just([]),
    st.just({}),
    st.just("0" * 40),
    st.just("9999-12-31T23:59:59Z"),
    st.just("x" * 100_000),
    st.just("\ud800"),
    st.just(10**400),
)


def headers_of(name):
    """The header that GitHub sends with an example."""
    event = next((event for event in EVENTS if name.startswith(f"github/{event}")), None)
    return {"X-GitHub-Event": event} if event else {}


def places(value, path=()):
    """Every place in a payload, inner ones too."""
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    else:
        return
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def parent_of(payload, path):
    for key in path[:-1]:
        payload = payload[key]
    return payload


def dropped(payload, path):
    mutant = copy.deepcopy(payload)
    del parent_of(mutant, path)[path[-1]]
    return mutant


@st.composite
def mutants(draw, payloads):
    payload = copy.deepcopy(draw(st.sampled_from(payloads)))
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(payload))
        if not found:
            break
        path = draw(st.sampled_from(found))
        parent, key = parent_of(payload, path), path[-1]
        match draw(st.sampled_from(["drop", "replace", "wrap", "nest"])):
            case "drop":
                del parent[key]
            case "replace":
                parent[key] = draw(ODD)
            case "wrap":
                parent[key] = [parent[key]]
            case "nest":
                parent[key] = {"value": parent[key]}
    return payload


def leaves(value):
    """Texts, numbers and times of a contract's JSON; what is absent, false or empty is none."""
    if isinstance(value, dict):
        for child in value.values():
            yield from leaves(child)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child)
    elif value not in (None, False, True):
        yield value


def said(events):
    """Everything that events say, each as text."""
    return {str(leaf) for event in events for leaf in leaves(event.data.model_dump(mode="json"))}


@UNTIMED
@given(mutants([payload for mapper, payload in WEBHOOKS.values() if mapper is github]))
def test_a_mutant_of_github_is_mapped_or_refused(mutant):
    refused_or_mapped(github, mutant)


@UNTIMED
@given(mutants([payload for mapper, payload in WEBHOOKS.values() if mapper is alertmanager]))
def test_a_mutant_of_alertmanager_is_mapped_or_refused(mutant):
    refused_or_mapped(alertmanager, mutant)


def refused_or_mapped(mapper, mutant):
    try:
        mapped = mapper(mutant, {}, CONTEXT)
    except Rejected as bad:
        rejected = bad
    else:
        assert mapper(mutant, {"X-GitHub-Delivery": "again"}, CONTEXT) == mapped
        for event in mapped.events:
            to_kafka(event)
        return
    assert re.fullmatch(r"[a-z_]+", rejected.reason)
    assert len(rejected.detail) < 2000


@UNTIMED
@given(st.lists(mutants(KONG), max_size=4))
def test_mutants_of_kong_are_rows_or_rejected_one_by_one(records):
    mapped = map_records(records, unit="0" * 32, context=CONTEXT)
    assert mapped.rows.num_rows + len(mapped.rejected) == len(records)
    assert [bad.position for bad in mapped.rejected] == sorted({bad.position for bad in mapped.rejected})
    mapped.rows.validate(full=True)


@pytest.mark.parametrize("name", WEBHOOKS)
def test_a_dropped_field_yields_no_value(name):
    """Whatever is dropped: what the events still say was said by the whole, or stands in what is left (a fall-back)."""
    mapper, payload = WEBHOOKS[name]
    headers = headers_of(name)
    whole = said(mapper(payload, headers, CONTEXT).events)
    for path in places(payload):
        left = dropped(payload, path)
        try:
            events = mapper(left, headers, CONTEXT).events
        except Rejected:
            continue
        text = json.dumps(left).lower()
        invented = {leaf for leaf in said(events) - whole if leaf.removesuffix("Z").lower() not in text}
        assert not {leaf for leaf in invented if not is_hash(leaf)}, path


def is_hash(leaf):
    """A person's hash, or an incident's id made of a digest: not in the payload by nature."""
    return bool(re.match(r"[0-9a-f]{16}(:|$)", leaf))


@pytest.mark.parametrize("name", WEBHOOKS)
def test_times_and_outcomes_come_from_nowhere_else(name):
    """Without any time in it, no payload gives an event."""
    mapper, payload = WEBHOOKS[name]
    if not mapper(payload, {}, CONTEXT).events:
        return

    def without_times(value):
        if isinstance(value, dict):
            return {
                key: without_times(child)
                for key, child in value.items()
                if not key.endswith(("_at", "At", "timestamp"))
            }
        return [without_times(child) for child in value] if isinstance(value, list) else value

    with pytest.raises(Rejected):
        mapper(without_times(payload), {}, CONTEXT)


CANARY = "canary7f3a"
PERSONAL = {"login", "email", "username", "authorization", "cookie", "set-cookie", "client_ip", "body", "card"}


def with_canaries(value, key=""):
    """A payload with a secret wherever one may be: personal fields, queries, fields nobody knows, ends of messages."""
    if isinstance(value, dict):
        made = {name: with_canaries(child, name) for name, child in value.items()}
        return made | {"x_unknown": f"{CANARY} x"} if key != "labels" else made
    if isinstance(value, list):
        return [with_canaries(child, key) for child in value]
    if not isinstance(value, str):
        return value
    if key in PERSONAL:
        hidden = f"{CANARY}@example.com" if key == "email" else CANARY
    elif value.startswith("http") or key == "uri":
        hidden = f"{value.partition('?')[0]}?token={CANARY}"
    elif key in {"message", "title", "description"}:
        hidden = f"Mail {CANARY}@example.com, token={CANARY}, see https://example.com/?q={CANARY}\n\n{CANARY}"
    else:
        hidden = value
    return hidden


@pytest.mark.parametrize("name", WEBHOOKS)
def test_no_secret_leaves_the_edge(name):
    mapper, payload = WEBHOOKS[name]
    hidden = with_canaries(payload)
    hidden.setdefault("sender", {})
    for event in mapper(hidden, {}, CONTEXT).events:
        assert CANARY not in repr(to_kafka(event)).lower()


def test_no_secret_leaves_the_gateways_edge():
    hidden = [with_canaries(record) for record in KONG]
    for record in hidden:
        if record.get("consumer"):
            record["consumer"]["username"] = f"{CANARY}@example.com"
    mapped = map_records(hidden, unit="0" * 32, context=CONTEXT)
    assert mapped.rejected == ()
    assert CANARY not in repr(mapped.rows.to_pylist())


@settings(UNTIMED, max_examples=30)
@given(st.data())
def test_a_mutated_descriptor_is_facts_or_refused(data):
    documents = list(yaml.safe_load_all((EXAMPLES / "backstage" / "catalog-info.yaml").read_text()))
    mutant = data.draw(mutants([documents]))
    text = yaml.safe_dump_all(mutant, allow_unicode=True)
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    for given_text in (text, text[:start] + text[end:]):
        try:
            mapped = backstage.map_text(given_text, observed=OBSERVED)
        except Rejected:
            continue
        assert backstage.map_text(given_text, observed=OBSERVED) == mapped
        assert len({event.id for event in mapped.events}) <= len(mapped.events)
        assert "example.com" not in repr(mapped.events)


@UNTIMED
@given(st.data())
def test_a_mutated_csv_is_facts_or_refused(data):
    text = (EXAMPLES / "catalog_csv" / "catalog.csv").read_text()
    at = data.draw(st.integers(0, len(text)))
    mutant = text[:at] + data.draw(st.text(max_size=10)) + text[at + data.draw(st.integers(0, 20)) :]
    try:
        mapped = catalog_csv.map_text(mutant, observed=OBSERVED)
    except Rejected:
        return
    assert catalog_csv.map_text(mutant, observed=OBSERVED) == mapped


@UNTIMED
@given(st.one_of(st.text(), ODD, st.recursive(ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))))
def test_anything_at_all_is_mapped_or_refused(value):
    for mapper in (github, alertmanager):
        refused_or_mapped(mapper, value)
    if isinstance(value, str):
        for read in (backstage.map_text, catalog_csv.map_text):
            with contextlib.suppress(Rejected):
                read(value, observed=OBSERVED)

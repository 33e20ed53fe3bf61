"""What holds for every source of the registry, tried on each of its examples: a row without examples is red.

The same payload gives the same events whatever delivered it; nothing is said that the payload does not say; what is of
no interest is ignored and what cannot be read refused, each with a reason; nothing breaks; no person and no secret
passes; every event is of its contract and survives its topic. `ADOPTION_MUTANTS` sets how many mutants a
source has.
"""

from __future__ import annotations

import json
import os
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.http.parsing import parse_json
from producers.http.problems import Problem
from producers.sources.common import Mapped, Rejected
from schemas import envelope, gateway
from schemas.streams import BY_TOPIC, DELIVERY
from tests.support.mutants import (
    CANARY,
    FLIPS,
    ODD,
    dropped,
    leaves,
    mutants,
    places,
    replaced,
    said,
    spread,
    with_canaries,
    without_times,
    words_of,
)
from tests.support.source_examples import CONTEXT, EVENTS, EXAMPLES, GATEWAYS, SOURCES, UNIT, Example, examples_of

MUTANTS = int(os.environ.get("ADOPTION_MUTANTS", "20"))
"""Per source; the long form is 2,000 and more."""
PLACES = 2 * MUTANTS
"""Per payload that are dropped or changed: all of them but of the longest ones."""
RECORD_PLACES = MUTANTS // 3
"""Per record: readers of columns take their time with each."""
UNTIMED = settings(
    deadline=None,
    max_examples=MUTANTS,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
OF_EVENTS = [name for name, source in SOURCES.items() if source.kind == "events"]
DELIVERY_HEADERS = {
    "X-GitHub-Delivery": "another",
    "X-Gitlab-Event-UUID": "another",
    "Idempotency-Key": "another",
    "X-Request-UUID": "another",
    "X-Attempt-Number": "2",
    "webhook-id": "another",
    "webhook-timestamp": "1767225600",
    "User-Agent": "another",
}
LESS = {"queued", "started", "opened", "unknown"}
"""Words of a contract that say less: without the field that told of an end, something has only begun."""
ONE_TYPE = {"alertmanager"}
"""Sources whose payloads have one type and name none."""


def outcome(example, payload=None, headers=None):
    """What a payload becomes, or how it is refused; either way people and counters can use it."""
    try:
        mapped = example.events(payload, **(headers or {}))
    except Rejected as refused:
        return understood(refused)
    assert all(re.fullmatch(r"[a-z][a-z0-9_.-]*:\S{1,100}", reason) for reason in mapped.ignored), mapped.ignored
    assert mapped.events or mapped.ignored, "a payload that becomes nothing says why"
    return mapped


def understood(rejected):
    """A refusal with a reason code and a bounded sentence."""
    assert re.fullmatch(r"[a-z][a-z0-9_]{1,60}", rejected.reason)
    assert 0 < len(rejected.detail) < 2000
    return rejected


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_has_examples_and_some_of_them_say_something(name):
    source = SOURCES[name]
    examples = examples_of(source)
    assert examples, f"expected examples of {name} in tests/examples/{name}/"
    became = [one.events().events if source.kind == "events" else one.rows().rows.to_pylist() for one in examples]
    assert any(became)
    assert (source.map_events is None) == (source.kind == "gateway")
    assert (source.map_gateway is None) == (source.kind == "events")
    assert source.path.partition("/")[0] == {"events": "webhooks", "gateway": "gateway"}[source.kind]
    assert source.max_bytes <= 25 * 1024 * 1024


@pytest.mark.parametrize("name", EVENTS)
def test_an_example_becomes_the_same_events_however_it_is_delivered(name):
    example = EXAMPLES[name]
    once = outcome(example)
    assert isinstance(once, Mapped), f"an example is for what becomes events or is ignored, this is refused: {once}"
    assert outcome(example) == once
    assert outcome(example, headers=DELIVERY_HEADERS) == once
    assert len({event.id for event in once.events}) == len(once.events)


@pytest.mark.parametrize("name", EVENTS)
def test_events_fit_their_contract_and_survive_their_topic(name):
    for event in EXAMPLES[name].events().events:
        key, value, headers = envelope.to_kafka(event)
        assert envelope.from_kafka(value, headers) == event
        assert len(key) + len(value) < BY_TOPIC[DELIVERY.topic].max_message_bytes
        assert event.mapperrevision >= 1
        assert event.source.startswith("//")
        assert event.subject


@pytest.mark.parametrize("name", EVENTS)
def test_without_a_field_nothing_new_is_said(name):
    """Whatever is dropped: what is still said was said by the whole, or stands in what is left (a fall-back).

    An example that is ignored says nothing to compare with.
    """
    example = EXAMPLES[name]
    whole = said(example.events().events)
    for path in spread(places(example.payload), PLACES):
        left = dropped(example.payload, path)
        mapped = outcome(example, left)
        if isinstance(mapped, Mapped):
            new = said(mapped.events) - whole - LESS
            if new and whole:
                has = words_of([left, example.headers])
                assert not {leaf for leaf in new if not has(leaf)}, path


@pytest.mark.parametrize("name", EVENTS)
def test_without_any_time_nothing_happened(name):
    """A time comes from the payload or not at all: no clock, no delivery, no other event has one to lend."""
    example = EXAMPLES[name]
    mapped = outcome(example, without_times(example.payload))
    assert isinstance(mapped, Rejected) or not mapped.events


@pytest.mark.parametrize("name", EVENTS)
def test_whatever_type_a_field_has_nothing_breaks(name):
    example = EXAMPLES[name]
    for number, path in enumerate(spread(places(example.payload), PLACES)):
        for flip in (FLIPS[number % len(FLIPS)], FLIPS[(number + 5) % len(FLIPS)]):
            outcome(example, replaced(example.payload, path, flip))
    for flip in FLIPS:
        if flip is not None:
            outcome(example, flip)


@pytest.mark.parametrize("name", SOURCES)
def test_a_payload_cut_off_is_malformed_json(name):
    raw = json.dumps(examples_of(SOURCES[name])[0].payload).encode()
    for end in range(1, len(raw), max(1, len(raw) // 50)):
        with pytest.raises(Problem) as refused:
            parse_json(raw[:end])
        assert refused.value.body["error"] == "malformed_json"


@pytest.mark.parametrize("name", [name for name in OF_EVENTS if name not in ONE_TYPE])
def test_a_type_that_nobody_has_heard_of_is_ignored_with_a_reason(name):
    """Some text or header says what a payload is: with another word there, it is none of our business, no mistake."""
    for example in examples_of(SOURCES[name]):
        for header in example.headers:
            mapped = outcome(example, headers={header: "unheard.of"})
            if isinstance(mapped, Mapped) and not mapped.events:
                return
        for path in places(example.payload):
            mapped = outcome(example, replaced(example.payload, path, "unheard.of"))
            if isinstance(mapped, Mapped) and not mapped.events:
                return
        if isinstance(outcome(example, {"unheard": {"of": 1}}), Mapped):
            return
    raise AssertionError("expected a word in an example that makes it be ignored when it is an unknown one")


@pytest.mark.parametrize("name", EVENTS)
def test_no_person_and_no_secret_leaves_the_edge(name):
    example = EXAMPLES[name]
    plain, hidden = outcome(example), outcome(example, with_canaries(example.payload))
    assert isinstance(hidden, Mapped), f"the canaries must pass as persons and pages: {hidden}"
    assert len(hidden.events) == len(plain.events)
    for event in hidden.events:
        assert CANARY not in repr((envelope.to_kafka(event), event.source)).lower()
    assert CANARY not in repr(hidden.ignored).lower()


@pytest.mark.parametrize("name", EVENTS)
def test_a_refusal_repeats_no_secret(name):
    example = EXAMPLES[name]
    hidden = with_canaries(example.payload)
    for path in spread(places(hidden), PLACES // 3):
        refused = outcome(example, dropped(hidden, path))
        if isinstance(refused, Rejected):
            assert CANARY not in refused.detail.lower(), path


@pytest.mark.parametrize("name", OF_EVENTS)
@UNTIMED
@given(st.data())
def test_a_mutant_is_mapped_or_refused(name, data):
    example = data.draw(st.sampled_from(examples_of(SOURCES[name])))
    mutant = data.draw(mutants([example.payload]))
    mapped = outcome(example, mutant)
    if isinstance(mapped, Mapped):
        assert outcome(example, mutant, DELIVERY_HEADERS) == mapped
        for event in mapped.events:
            envelope.to_kafka(event)


@UNTIMED
@given(st.one_of(st.text(), ODD, st.recursive(ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))))
def test_anything_at_all_is_mapped_or_refused(value):
    for source in SOURCES.values():
        if source.map_events:
            outcome(Example(source, "anything", value, {}))


@pytest.mark.parametrize("name", GATEWAYS)
def test_records_become_rows_of_the_contract_each_alone(name):
    example = EXAMPLES[name]
    mapped = example.rows()
    assert mapped == example.rows()
    assert mapped.rows.num_rows + len(mapped.ignored) + len(mapped.rejected) == len(example.payload)
    for rejected in mapped.rejected:
        understood(rejected)
    mapped.rows.validate(full=True)
    rows = mapped.rows.to_pylist()
    if rows:
        assert gateway.decode(gateway.encode(mapped.rows), gateway.ARROW).to_pylist() == rows
    assert [row for record in example.payload for row in example.rows([record]).rows.to_pylist()] == rows
    again = example.rows([*example.payload, {}, *example.payload])
    assert again.rows.num_rows + len(again.ignored) + len(again.rejected) == 2 * len(example.payload) + 1


@pytest.mark.parametrize("name", GATEWAYS)
def test_without_a_field_a_record_says_nothing_new(name):
    example = EXAMPLES[name]
    for record in example.payload[: MUTANTS // 10]:
        whole = {str(leaf) for leaf in leaves(texts(example.rows([record])))}
        for path in spread(places(record), RECORD_PLACES):
            left = dropped(record, path)
            new = {str(leaf) for leaf in leaves(texts(example.rows([left])))} - whole
            has = words_of(left)
            assert not {leaf for leaf in new if leaf and not has(leaf.replace("{id}", ""))}, path


def texts(mapped):
    """The words of rows: numbers are in another unit than the record's."""
    names = ("service", "method", "consumer", "team", "environment")
    return [{key: row[key] for key in names} for row in mapped.rows.to_pylist()]


@pytest.mark.parametrize("name", GATEWAYS)
def test_no_person_and_no_secret_leaves_a_gateways_edge(name):
    example = EXAMPLES[name]
    mapped = example.rows([with_canaries(record, f"{CANARY}@example.com") for record in example.payload])
    assert mapped.rows.num_rows == example.rows().rows.num_rows
    assert CANARY not in repr(mapped.rejected).lower()
    assert CANARY not in repr(mapped.rows.to_pylist())


@pytest.mark.parametrize("name", sorted(SOURCES.keys() - OF_EVENTS))
@UNTIMED
@given(st.data())
def test_mutants_of_records_are_rows_or_refused_one_by_one(name, data):
    example = data.draw(st.sampled_from(examples_of(SOURCES[name])))
    records = data.draw(st.lists(mutants(example.payload), max_size=4))
    mapped = example.rows(records)
    assert mapped.rows.num_rows + len(mapped.rejected) + len(mapped.ignored) == len(records)
    assert [bad.position for bad in mapped.rejected] == sorted({bad.position for bad in mapped.rejected})
    mapped.rows.validate(full=True)


def test_nothing_at_all_is_no_rows():
    for source in SOURCES.values():
        if source.map_gateway:
            assert source.map_gateway([], unit=UNIT, context=CONTEXT).rows.num_rows == 0

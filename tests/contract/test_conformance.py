"""One suite over the registry: what holds for every stream, every contract and every example."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from producers.http import cloudevents
from producers.http.problems import Problem
from schemas import clickhouse, envelope, gateway
from schemas.base import Contract
from schemas.dead_letters import DeadLetter
from schemas.envelope import Event
from schemas.streams import BY_TOPIC, DEAD_LETTERS, DIRTY, GATEWAY, STREAMS, Stream, stream_of
from stream_processors import decode
from tests.contract.examples import CONTRACTS, EVENT_TYPES, FOLDER, Example, examples, folder, name, record

VALID = examples("valid", EVENT_TYPES)
INVALID = examples("invalid", EVENT_TYPES)
BATCHES = examples("valid", [(GATEWAY, gateway.TYPE)])
BROKEN_BATCHES = examples("invalid", [(GATEWAY, gateway.TYPE)])
MODELS = [model for stream in STREAMS for model in stream.contracts.values()]


# every stream


def test_every_contract_is_in_exactly_one_stream() -> None:
    homes = {type_: [stream.name for stream in STREAMS if type_ in stream.contracts] for type_ in envelope.TYPES}
    lost = {type_: names for type_, names in homes.items() if len(names) != 1}
    assert not lost, f"a CloudEvents type needs one stream that carries it; see schemas/streams.py: {lost}"
    assert {type_ for _, type_ in CONTRACTS} == {*envelope.TYPES, gateway.TYPE}
    assert all(stream_of(type_) is stream for stream, type_ in CONTRACTS)


def test_streams_share_no_topic_and_topics_are_versioned() -> None:
    assert len(BY_TOPIC) == len(STREAMS)
    assert all(re.fullmatch(r"adoption\.[a-z-]+\.v\d+", stream.topic) for stream in STREAMS)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_the_table_of_a_stream_is_made_by_a_migration(stream: Stream) -> None:
    parameters = clickhouse.Parameters()
    made = {
        found[1]
        for migration in clickhouse.migrations()
        for statement in migration.statements(parameters)
        if (found := re.match(r"CREATE TABLE IF NOT EXISTS (\w+)", statement))
    }
    assert stream.table in made, f"stream {stream.name} names table {stream.table}, which no migration creates"


def test_a_poison_message_of_any_topic_fits_the_dead_letters() -> None:
    largest = max(stream.max_message_bytes for stream in STREAMS if stream.has_dead_letters)
    reason = 4 * 2_000 + 1_000
    assert DEAD_LETTERS.max_message_bytes >= largest + reason, "or the worker could never acknowledge it"
    assert GATEWAY.max_message_bytes > gateway.MAX_BYTES


def test_marks_are_compacted_and_their_partitions_fixed() -> None:
    assert (DIRTY.cleanup, DIRTY.retention_ms, DIRTY.partitions_fixed) == ("compact", None, True)
    assert [stream.name for stream in STREAMS if stream.partitions_fixed] == ["dirty"]


# every contract


@pytest.mark.parametrize(("stream", "type_"), CONTRACTS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_contract_has_examples(stream: Stream, type_: str) -> None:
    valid, invalid = (len(examples(kind, [(stream, type_)])) for kind in ("valid", "invalid"))
    assert valid >= 1, f"{type_} has no valid example in {folder(type_).relative_to(FOLDER.parent.parent)}"
    assert invalid >= 2, f"{type_} has {invalid} invalid examples, expected 2 or more"


def test_every_example_belongs_to_a_contract() -> None:
    known = {path for _, type_ in CONTRACTS for path in folder(type_).glob("*/*.json")}
    assert set(FOLDER.rglob("*.json")) == known, "an example in a folder of no contract is never run"


def _parts(model: type[Contract]) -> set[type[Contract]]:
    """The model and all models inside it."""
    found = {model}
    for field in model.model_fields.values():
        found |= {part for part in _models_in(field.annotation) if part not in found}
    return found


def _models_in(annotation: Any) -> set[type[Contract]]:
    if isinstance(annotation, type) and issubclass(annotation, Contract):
        return _parts(annotation)
    return {model for one in getattr(annotation, "__args__", ()) for model in _models_in(one)}


@pytest.mark.parametrize("model", sorted(set().union(*map(_parts, MODELS)), key=str), ids=lambda model: model.__name__)
def test_models_are_frozen_strict_and_finite(model: type[Contract]) -> None:
    config = model.model_config
    assert (config["frozen"], config["extra"], config["allow_inf_nan"]) == (True, "forbid", False)


# every valid example


@pytest.mark.parametrize("example", VALID, ids=name)
def test_a_valid_event_is_taken_over_http_and_read_from_kafka_the_same(example: Example) -> None:
    (posted,) = cloudevents.read(cloudevents.STRUCTURED, {}, json.dumps(example.value).encode()).events
    assert posted == example.event()
    assert posted.type == example.type
    assert decode.event(example.stream, example.record()) == posted


@pytest.mark.parametrize("example", VALID, ids=name)
def test_the_way_over_kafka_is_stable_to_the_byte(example: Example) -> None:
    sent = envelope.to_kafka(example.event())
    read = envelope.from_kafka(sent[1], sent[2])
    assert read == example.event()
    assert envelope.to_kafka(read) == sent
    assert envelope.version(read) == envelope.version(example.event())


@pytest.mark.parametrize("example", VALID, ids=name)
def test_consumers_ignore_a_field_that_producers_refuse(example: Example) -> None:
    wider = _with_news(example.value["data"])
    assert decode.event(example.stream, example.record(**wider)) == example.event()
    with pytest.raises(Problem) as refused:
        cloudevents.read(cloudevents.STRUCTURED, {}, json.dumps({**example.value, "data": wider}).encode())
    assert refused.value.status == 422
    assert "news" in refused.value.body["field"]


def _with_news(value: Any) -> Any:
    """Every object of a payload with one more field, as a newer producer might send it; labels hold what they like."""
    if isinstance(value, list):
        return [_with_news(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: one if key == "labels" else _with_news(one) for key, one in value.items()} | {"news": 1}


def test_a_content_keeps_its_bytes_and_its_rank() -> None:
    """Pinned: ranks are stored, and two releases that disagree would count the same content as two."""
    example = next(one for one in VALID if one.path.stem == "queued")
    assert envelope.content(example.event()) == (
        b'{"provider":"git","labels":{},"is_bot":false,"kind":"ci_run","run_id":"7002","attempt":1,"state":"queued"}'
    )
    assert envelope.version(example.event()) == 54_160_040_422_725


def test_the_mapper_revision_outranks_the_content() -> None:
    event = VALID[0].event()
    ranks = [envelope.version(event.model_copy(update={"mapperrevision": revision})) for revision in (0, 1, 0xFFFF)]
    assert ranks == sorted(ranks)
    assert ranks[-1] < 2**64
    with pytest.raises(ValidationError, match="mapperrevision"):
        Event.model_validate({**event.model_dump(), "mapperrevision": 0x1_0000})


# every invalid example


@pytest.mark.parametrize("example", INVALID, ids=name)
def test_an_invalid_event_is_refused_over_http_by_the_name_of_its_field(example: Example) -> None:
    with pytest.raises(Problem) as refused:
        cloudevents.read(cloudevents.STRUCTURED, {}, json.dumps(example.value).encode())
    assert (refused.value.status, refused.value.body["field"]) == (422, example.where)


@pytest.mark.parametrize("example", INVALID, ids=name)
def test_an_invalid_event_on_a_topic_is_a_dead_letter_that_names_the_field(example: Example) -> None:
    sent = example.record()
    letter = decode.event(example.stream, sent)
    assert isinstance(letter, DeadLetter)
    assert letter.reason in {"contract_violation", "time_out_of_range"}
    assert letter.detail.startswith(f"{example.where.removeprefix('data.')}: ")
    assert (letter.origin, letter.partition, letter.offset) == (sent.topic, sent.partition, sent.offset)
    assert (letter.key, letter.value, letter.headers) == (sent.key, sent.value, sent.headers)


@pytest.mark.parametrize(("stream", "type_"), EVENT_TYPES, ids=lambda value: value if isinstance(value, str) else "")
def test_an_event_on_the_topic_of_another_stream_is_a_dead_letter(stream: Stream, type_: str) -> None:
    example = examples("valid", [(stream, type_)])[0]
    other = next(one for one in STREAMS if one.contracts and one is not stream)
    letter = decode.event(other, example.record())
    assert isinstance(letter, DeadLetter)
    assert letter.reason == "unknown_type"


@pytest.mark.parametrize("value", ["Infinity", "-Infinity", "NaN"])
def test_a_number_that_json_cannot_say_is_a_dead_letter(value: str) -> None:
    """It would be archived as null, and no reader of the archive could read that back."""
    example = next(one for one in VALID if one.type == "adoption.target.v1")
    letter = decode.event(example.stream, example.record(value=float(value)))
    assert isinstance(letter, DeadLetter)
    assert letter.detail.startswith("value: ")


# gateway batches


def _json_record(value: dict[str, Any]) -> Any:
    return record(GATEWAY, json.dumps(value).encode(), (("content-type", b"application/json"),))


@pytest.mark.parametrize("example", BATCHES, ids=name)
def test_the_json_twin_is_the_arrow_batch_row_for_row(example: Example) -> None:
    twin = gateway.decode(json.dumps(example.value).encode(), "application/json")
    requests = gateway.GatewayBatch.model_validate(example.value).requests
    arrow = gateway.decode(gateway.encode(gateway.to_table(requests)), gateway.ARROW)
    assert arrow.to_pylist() == twin.to_pylist() == [request.model_dump() for request in requests]
    assert arrow.schema.equals(gateway.SCHEMA)


@pytest.mark.parametrize("example", BROKEN_BATCHES, ids=name)
def test_a_broken_twin_is_a_dead_letter_that_names_the_field(example: Example) -> None:
    letter = decode.batch(_json_record(example.value))
    assert isinstance(letter, DeadLetter)
    assert letter.reason == "contract_violation"
    assert letter.detail.startswith(f"{example.where}: ")


def test_a_batch_is_strict_where_it_is_made_and_tolerant_where_it_is_read() -> None:
    wider = _with_news(BATCHES[0].value)
    read = decode.batch(_json_record(wider))
    assert not isinstance(read, DeadLetter)
    assert read.num_rows == len(wider["requests"])
    with pytest.raises(ValidationError, match="news"):
        gateway.GatewayBatch.model_validate(wider)

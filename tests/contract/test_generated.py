"""The generated files follow the models; what they say is what the models do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from schemas import asyncapi, generate
from schemas.streams import STREAMS
from tests.contract.examples import CONTRACTS, Example, examples, name

UNSAID = {
    "without_zone",
    "date_without_time",
    "epoch_zero",
    "beyond_2100",
    "before_its_start",
    "not_after_its_start",
}
"""What a JSON Schema does not say: `format` is a note, the range of times and their order are ours."""


def test_generated_files_are_up_to_date() -> None:
    stale = generate.stale(generate.FOLDER)
    assert not stale, f"contracts and generated files differ: {stale}; run `{generate.COMMAND}` and commit the result"


def test_a_stale_or_foreign_file_is_found_and_mended(tmp_path: Path) -> None:
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []
    (tmp_path / "asyncapi.json").write_text("{}")
    (tmp_path / "adoption.gone.v1.schema.json").write_text("{}")
    assert generate.stale(tmp_path) == ["adoption.gone.v1.schema.json", "asyncapi.json"]
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []


def test_the_command_checks_and_says_what_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0
    assert generate.main(["--chekc"]) == 2
    assert "usage: python -m schemas.generate [--check]" in capsys.readouterr().err


def _schema(example: Example) -> Any:
    document = json.loads((generate.FOLDER / f"{example.type}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


@pytest.mark.parametrize("example", examples("valid", CONTRACTS), ids=name)
def test_the_json_schema_takes_valid_examples(example: Example) -> None:
    assert [error.message for error in _schema(example).iter_errors(example.value)] == []


@pytest.mark.parametrize("example", examples("invalid", CONTRACTS), ids=name)
def test_the_json_schema_refuses_invalid_examples(example: Example) -> None:
    if example.path.stem.partition("--")[2] in UNSAID:
        return
    assert list(_schema(example).iter_errors(example.value)), "the model refuses it, the schema does not"


# AsyncAPI: the official JSON Schema is 400 kB and ships only in an npm package, so its rules that we touch are here.

DOCUMENT = asyncapi.document()


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for part in value.values() for one in _references(part)]
    return [one for part in value for one in _references(part)] if isinstance(value, list) else []


def test_every_reference_of_the_document_leads_somewhere() -> None:
    for reference in set(_references(DOCUMENT)):
        node: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            assert step in node, f"{reference} leads nowhere"
            node = node[step]


def test_the_document_has_the_shape_of_asyncapi_3() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    for section in (DOCUMENT["channels"], DOCUMENT["operations"], *DOCUMENT["components"].values()):
        assert all(re.fullmatch(r"[A-Za-z0-9._-]+", key) for key in section)
    assert {one["action"] for one in DOCUMENT["operations"].values()} == {"send", "receive"}
    for message in DOCUMENT["components"]["messages"].values():
        assert {"name", "contentType", "payload", "bindings"} <= message.keys()
        assert message.get("headers", {"type": "object"})["type"] == "object", "headers are an object"


def test_every_stream_is_a_channel_with_its_topic_settings() -> None:
    assert DOCUMENT["channels"].keys() == {stream.name for stream in STREAMS}
    for stream in STREAMS:
        channel = DOCUMENT["channels"][stream.name]
        kafka = channel["bindings"]["kafka"]
        assert (channel["address"], kafka["topic"], kafka["partitions"]) == (
            stream.topic,
            stream.topic,
            stream.partitions,
        )
        assert kafka["topicConfiguration"]["max.message.bytes"] == stream.max_message_bytes
        assert DOCUMENT["operations"][f"receive_{stream.name}"]["bindings"]["kafka"]["groupId"]["const"] == stream.group


@pytest.mark.parametrize(("stream", "type_"), CONTRACTS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_contract_is_a_message_of_its_channel(stream: Any, type_: str) -> None:
    assert type_ in DOCUMENT["channels"][stream.name]["messages"]
    headers = DOCUMENT["components"]["messages"][type_]["headers"]
    assert headers["properties"]["ce_type"]["const"] == type_
    assert {"ce_specversion", "ce_id", "ce_source", "content-type"} <= set(headers["required"])


def test_headers_of_a_real_record_keep_what_the_document_promises() -> None:
    from schemas import envelope

    for example in examples("valid", [one for one in CONTRACTS if one[1] in envelope.TYPES]):
        _, _, headers = envelope.to_kafka(example.event())
        promised = DOCUMENT["components"]["messages"][example.type]["headers"]
        said = {key: value.decode() for key, value in headers}
        jsonschema.validate(said, promised)
        assert said.keys() <= promised["properties"].keys()

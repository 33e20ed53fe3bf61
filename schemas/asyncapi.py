"""The stream registry as an AsyncAPI 3.0 document: topics, messages, headers, keys. Pure; `schemas.generate` writes it.

Headers are those of the CloudEvents Kafka protocol binding, binary mode. Topic settings are in the Kafka bindings, so
that an operator who makes the topics by hand reads them here.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pydantic.json_schema import models_json_schema

from schemas import dead_letters, envelope, gateway
from schemas.base import Contract
from schemas.streams import DEAD_LETTERS, DIRTY, STREAMS, Stream

VERSION = "1.0.0"
"""Of the contracts; a breaking change is a new topic and a new CloudEvents type, not a new number here."""
KAFKA_BINDING = "0.5.0"
_SCHEMAS = "#/components/schemas/"


def document() -> dict[str, Any]:
    """The document."""
    models = [model for stream in STREAMS for model in stream.contracts.values()]
    _, schemas = models_json_schema([(model, "validation") for model in models], ref_template=_SCHEMAS + "{model}")
    messages = {name: one for stream in STREAMS for name, one in _messages(stream).items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Adoption events",
            "version": VERSION,
            "description": "CI, deployment, catalog and gateway events on Kafka. Every sender may send an event again: "
            "identity is (source, id), of a batch its units, and what is sent twice counts once.",
        },
        "defaultContentType": envelope.JSON,
        "channels": {stream.name: _channel(stream) for stream in STREAMS},
        "operations": {f"receive_{stream.name}": _operation("receive", stream) for stream in STREAMS}
        | {f"send_{stream.name}": _operation("send", stream) for stream in (DIRTY, DEAD_LETTERS)},
        "components": {"messages": messages, "schemas": schemas["$defs"]},
    }


def _channel(stream: Stream) -> dict[str, Any]:
    settings = {
        "cleanup.policy": [stream.cleanup],
        "retention.ms": stream.retention_ms,
        "max.message.bytes": stream.max_message_bytes,
    }
    notes = [f"Rows go to table {stream.table}. Nothing relies on order within the topic."]
    if stream.has_dead_letters:
        notes.append(f"What cannot be read goes to {DEAD_LETTERS.topic}.")
    if stream.partitions_fixed:
        notes.append("The partition count is fixed at creation: offsets are used as versions.")
    return {
        "address": stream.topic,
        "description": " ".join(notes),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _messages(stream)},
        "bindings": {
            "kafka": {
                "topic": stream.topic,
                "partitions": stream.partitions,
                "topicConfiguration": {name: value for name, value in settings.items() if value is not None},
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _operation(action: str, stream: Stream) -> dict[str, Any]:
    operation: dict[str, Any] = {"action": action, "channel": {"$ref": f"#/channels/{stream.name}"}}
    if action == "receive":
        group = {"type": "string", "const": stream.group}
        operation["bindings"] = {"kafka": {"groupId": group, "bindingVersion": KAFKA_BINDING}}
    return operation


def _messages(stream: Stream) -> dict[str, dict[str, Any]]:
    """Component name → message."""
    if stream is DIRTY:
        return {stream.name: _dirty()}
    if stream is DEAD_LETTERS:
        return {stream.name: _dead_letter()}
    messages: dict[str, dict[str, Any]] = {}
    for type_, model in stream.contracts.items():
        if model is gateway.GatewayBatch:
            messages[type_] = _arrow(stream)
            messages[f"{type_}.json"] = _json(stream, type_, model)
        else:
            messages[type_] = _json(stream, type_, model)
    return messages


def _json(stream: Stream, type_: str, model: type[Contract]) -> dict[str, Any]:
    payload = {"$ref": _SCHEMAS + model.__name__}
    return _message(stream, type_, envelope.JSON, (model.__doc__ or "").partition("\n")[0], payload)


def _arrow(stream: Stream) -> dict[str, Any]:
    payload = {
        "schemaFormat": gateway.ARROW,
        "schema": {
            "fields": [
                {"name": field.name, "type": _arrow_type(field.type), "nullable": field.nullable}
                for field in gateway.SCHEMA
            ],
            "metadata": {name.decode(): value.decode() for name, value in gateway.SCHEMA.metadata.items()},
            "maxRows": gateway.MAX_REQUESTS,
            "maxBytes": gateway.MAX_BYTES,
        },
    }
    return _message(stream, gateway.TYPE, gateway.ARROW, "A batch of requests as one Arrow IPC stream.", payload)


def _arrow_type(type_: pa.DataType) -> str:
    return f"dictionary<{type_.index_type}, {type_.value_type}>" if pa.types.is_dictionary(type_) else str(type_)


def _message(stream: Stream, type_: str, media: str, summary: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": type_,
        "summary": summary,
        "contentType": media,
        "headers": _headers(type_, media),
        "payload": payload,
        "bindings": {"kafka": _key(stream)},
    }


def _headers(type_: str, media: str) -> dict[str, Any]:
    """What a record of this type must and may say in its headers; all of it is text in UTF-8."""
    attributes = envelope.Event.model_json_schema()["properties"]
    text = {"type": "string", "minLength": 1, "maxLength": 500}
    # A batch says the times of its requests itself; its units, not its id, are what counts once.
    needed = ("id", "source") if type_ == gateway.TYPE else ("id", "source", "time")
    return {
        "type": "object",
        "required": ["ce_specversion", "ce_type", *(f"ce_{name}" for name in needed), "content-type"],
        "properties": {
            "ce_specversion": {"type": "string", "const": "1.0"},
            "ce_type": {"type": "string", "const": type_},
            "ce_id": text,
            "ce_source": {**text, "description": attributes["source"]["description"]},
            "ce_time": {"type": "string", "format": "date-time"},
            "ce_subject": {**text, "description": attributes["subject"]["description"]},
            "ce_mapperrevision": {
                "type": "string",
                "pattern": "^[0-9]{1,5}$",
                "description": "Revision of the sender's mapper: of two contents under one identity the greater counts",
            },
            "content-type": {"type": "string", "const": media},
        },
    }


def _dirty() -> dict[str, Any]:
    return {
        "name": DIRTY.name,
        "summary": "A slice to recompute; all of it is in the key: service/<name>, or hour/<epoch hour>/<service>.",
        "contentType": envelope.JSON,
        "payload": {"type": "object", "maxProperties": 0},
        "bindings": {"kafka": _key(DIRTY)},
    }


def _dead_letter() -> dict[str, Any]:
    about = {name: {"type": "string"} for name in dead_letters.HEADERS}
    return {
        "name": DEAD_LETTERS.name,
        "summary": "A record that could not be read: key and value as they were, its own headers after ours.",
        "contentType": "application/octet-stream",
        "headers": {"type": "object", "required": list(about), "properties": about},
        "payload": {"description": "Any bytes"},
        "bindings": {"kafka": _key(DEAD_LETTERS)},
    }


def _key(stream: Stream) -> dict[str, Any]:
    return {"key": {"type": "string", "description": stream.key}, "bindingVersion": KAFKA_BINDING}

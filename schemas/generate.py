"""What others read of the contracts, generated: JSON Schemas, an AsyncAPI document, and the catalogue of metrics.

The models, the stream registry and the views are the truth; the files in `generated/` follow them, for senders in any
language and for who writes SQL.
`python -m schemas.generate` writes them, `--check` only says which ones are stale (a test does the same).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from schemas import asyncapi, envelope, gateway, metrics_page
from schemas.base import Contract

FOLDER = Path(__file__).parent / "generated"
COMMAND = "python -m schemas.generate"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def documents() -> dict[str, str]:
    """File name → text of every generated file."""
    schemas: dict[str, dict[str, Any]] = {
        f"{type_}.schema.json": event_schema(type_, model) for type_, model in envelope.TYPES.items()
    }
    schemas[f"{gateway.TYPE}.schema.json"] = _root(gateway.TYPE, gateway.GatewayBatch.model_json_schema())
    texts = {name: _text(document) for name, document in {**schemas, "asyncapi.json": asyncapi.document()}.items()}
    return {**texts, "metrics.md": metrics_page.page()}


def event_schema(type_: str, model: type[Contract]) -> dict[str, Any]:
    """JSON Schema of a structured CloudEvent of this type: what `POST /v1/events` takes.

    Strict about our payload, open for extension attributes of the envelope, as CloudEvents wants it.
    """
    data = model.model_json_schema()
    parts = data.pop("$defs", {})
    attributes = envelope.Event.model_json_schema()
    known = {name: about for name, about in attributes["properties"].items() if name != "data"}
    return _root(
        type_,
        {
            "title": f"{model.__name__} as a CloudEvent",
            "description": f"{envelope.Event.__doc__} Identity is (source, id).",
            "type": "object",
            "required": ["specversion", "type", *attributes["required"]],
            "properties": {
                "specversion": {"const": "1.0"},
                "type": {"const": type_},
                "datacontenttype": {"const": envelope.JSON},
                **known,
                "data": {"$ref": f"#/$defs/{model.__name__}"},
            },
            "$defs": {**parts, model.__name__: data},
        },
    )


def stale(folder: Path) -> list[str]:
    """Files of the folder that are missing, differ from what would be generated, or should not be there."""
    wanted = documents()
    found = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def write(folder: Path) -> None:
    """Bring the folder up to date."""
    folder.mkdir(exist_ok=True)
    wanted = documents()
    for name in stale(folder):
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()


def _root(type_: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": f"urn:adoption:schema:{type_}", **schema}


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the files, or with `--check` only compare. Returns the exit status."""
    if list(arguments) == ["--check"]:
        names = stale(FOLDER)
        if names:
            sys.stderr.write(f"stale in {FOLDER}: {', '.join(names)}; run `{COMMAND}`\n")
        return int(bool(names))
    if arguments:
        sys.stderr.write(f"usage: {COMMAND} [--check]; got {' '.join(arguments)}\n")
        return 2
    write(FOLDER)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

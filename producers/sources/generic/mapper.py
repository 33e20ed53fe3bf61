"""A mapping file applied: a payload of any tool to the contract event that the first fitting rule describes.

What a vendor's own mapper does holds here, too: persons become hashes, titles and pages lose what is personal or
secret, times come from the payload, an absent value stays absent, and what is there in another form is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from producers.sources import times
from producers.sources.clones import clone
from producers.sources.common import Context, Mapped, Rejected
from producers.sources.evidence import Vendor, labels, maybe_sha, person
from producers.sources.generic.expressions import Expression
from producers.sources.generic.mapping import (
    CONTRACTS,
    Kind,
    MappingFile,
    MappingFileError,
    Rule,
    Value,
    read,
    words_of,
)
from producers.sources.redact import dimension, page, title
from producers.sources.source import Source
from schemas.delivery import Repository

PREFIX: Final = "generic-"
MAX_BYTES: Final = 256 * 1024
"""Of a body: expressions take their time with its length."""
_SECONDS, _MILLISECONDS, _MICROSECONDS = 1e11, 1e14, 1e17
"""Below these an epoch is in this unit: as seconds the first is in the year 5138, as milliseconds in 1973."""


def rows(folder: Path) -> list[Source]:
    """A source per mapping file (`*.yaml`) of a folder: `deployer.yaml` is `webhooks/generic-deployer`.

    Raises:
        MappingFileError: there is no such folder, or one of them cannot be used.
    """
    if not folder.is_dir():
        raise MappingFileError(f"expected a folder of mapping files at {folder}, found none")
    return [_row(path) for path in sorted(folder.glob("*.yaml"))]


def _row(path: Path) -> Source:
    name, file = PREFIX + path.stem, read(path)
    return Source(
        name=name,
        path=f"webhooks/{name}",
        kind="events",
        scheme=file.scheme,
        max_bytes=MAX_BYTES,
        map_events=lambda payload, _headers, context: map_payload(name, file, payload, context),
    )


def map_payload(name: str, file: MappingFile, payload: Any, context: Context) -> Mapped:
    """What a payload becomes by a file.

    Raises:
        Rejected: the fitting rule does not find what it needs, or finds it in another form.
    """
    for rule in file.rules:
        if rule.compiled.when and not rule.compiled.when.holds(payload):
            continue
        if rule.event is None:
            return Mapped(ignored=(f"{name}:{rule.ignore}",))
        return _mapped(Vendor(name, file.revision), rule, rule.event, payload, context)
    return Mapped(ignored=(f"{name}:no_rule",))


def _mapped(vendor: Vendor, rule: Rule, event: Kind, payload: Any, context: Context) -> Mapped:
    found: dict[str, Any] = {"labels": labels({key: _text(one, payload) for key, one in rule.compiled.labels.items()})}
    for field, expression in rule.compiled.fields.items():
        value = expression.value(payload)
        known = words_of(event, field)
        if value is None:
            continue
        if known:
            word = _word(rule.fields[field], known, value, expression.text)
            if word == "ignore":
                return Mapped(ignored=(f"{vendor.name}:{field}",))
            found[field] = word
        elif field == "actor":
            found |= person(context, _said(value, expression.text))
        else:
            read_as: Callable[[Any, str], Any] = _READERS.get(field, _dimension)
            found[field] = read_as(value, expression.text)
    assert rule.compiled.time
    moment = _moment(_needed(rule.compiled.time, payload), rule.compiled.time.text)
    repository = found.get("repository")
    subject = _text(rule.compiled.subject, payload) if rule.compiled.subject else None
    made = vendor.event(
        f"//{vendor.name}",
        (event, *(_said(_needed(one, payload), one.text) for one in rule.compiled.id)),
        moment,
        lambda: CONTRACTS[event](provider=vendor.name, **found),
        subject=subject or (repository.name if repository else None) or vendor.name,
    )
    return Mapped(events=(made,))


def _needed(expression: Expression, payload: Any) -> Any:
    value = expression.value(payload)
    if value is None or value == "":
        raise Rejected("missing_field", f"expected {expression.text}, got a payload without it")
    return value


def _word(rule: str | Value, known: frozenset[str], value: Any, where: str) -> str:
    """The contract's word for the sender's."""
    words: Mapping[str, str] = rule.words if isinstance(rule, Value) and rule.words else {one: one for one in known}
    said = _said(value, where)
    if said not in words:
        raise Rejected("unknown_status", f"expected {where} of {', '.join(sorted(words))}, got {said[:40]!r}")
    return words[said]


def _text(expression: Expression, payload: Any) -> str | None:
    value = expression.value(payload)
    return None if value is None else dimension(_said(value, expression.text)) or None


def _said(value: Any, where: str) -> str:
    """A text, or a whole number as one."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _wrong(where, "a text or a whole number", value)


def _dimension(value: Any, where: str) -> str | None:
    return dimension(_said(value, where)) or None


def _moment(value: Any, where: str) -> datetime:
    number = value
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) < 20):  # noqa: PLR2004 -- more is no epoch
            return times.iso(value, where)
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise _wrong(where, "a time", value)
    unit = next((unit for limit, unit in _UNITS if abs(number) < limit), 1e9)
    return times.epoch(number / unit, where)


_UNITS: Final = ((_SECONDS, 1), (_MILLISECONDS, 1e3), (_MICROSECONDS, 1e6))


def _sha(value: Any, where: str) -> str | None:
    text = _said(value, where).strip().lower()
    if text and text.strip("0") and not maybe_sha(text):
        raise Rejected("malformed_commit", f"expected {where} to be a commit id in hex, got {len(text)} characters")
    return maybe_sha(text)


def _number(value: Any, where: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:  # noqa: PLR2004 -- 63 bits
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _wrong(where, "a whole number", value)


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "true or false", value)
    return value


def _repository(value: Any, where: str) -> Repository | None:
    return clone(_said(value, where))


def _wrong(where: str, expected: str, value: Any) -> Rejected:
    return Rejected("wrong_type", f"expected {where} to be {expected}, got {type(value).__name__}")


_READERS: Final[dict[str, Callable[[Any, str], Any]]] = {
    **dict.fromkeys(("queued_at", "started_at", "finished_at", "opened_at", "first_review_at", "merged_at"), _moment),
    **dict.fromkeys(("commit", "before", "after", "head_commit", "merge_commit"), _sha),
    **dict.fromkeys(("attempt", "number", "commit_count"), _number),
    **dict.fromkeys(("forced", "is_production", "is_rollback", "is_bot"), _flag),
    "repository": _repository,
    "title": lambda value, where: title(_said(value, where)),
    "url": lambda value, where: page(_said(value, where)),
}
"""How a field of a contract is read; every other one is a text."""

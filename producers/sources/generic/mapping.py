"""A mapping file: which payloads become which contract event, and where each of its fields stands.

Read once, at the start of whoever maps; a mistake is told then, with its place. `mapper.py` applies it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from producers.sources.generic.expressions import Expression, ExpressionError
from producers.sources.source import Scheme
from schemas.delivery import CiRun, Deployment, Incident, Merge, Push

Kind = Literal["ci_run", "push", "merge", "deployment", "incident"]
CONTRACTS: Final[dict[Kind, type[CiRun | Push | Merge | Deployment | Incident]]] = {
    "ci_run": CiRun,
    "push": Push,
    "merge": Merge,
    "deployment": Deployment,
    "incident": Incident,
}
_OURS: Final = frozenset({"kind", "provider", "labels"})
_LISTS: Final = frozenset({"commits", "head_repository", "deployment_ids", "fixes", "is_truncated"})
"""Fields that a file cannot fill: lists, and objects of their own."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LARGEST_FILE: Final = 256 * 1024


class MappingFileError(ValueError):
    """A mapping file cannot be used; the message says where and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))


class Value(_Strict):
    """Where a field stands, and what the sender's words mean."""

    of: str = Field(alias="from")
    words: dict[str, str] = {}


class Rule(_Strict):
    """What some payloads become.

    Attributes:
        when: the payloads; the first rule that holds counts. Without it, all.
        ignore: a reason: they are none of our business.
        event: the contract that they become.
        id: what makes an event the same when it is sent again: the sender's own ids and states, never a delivery's.
        time: when it happened: ISO 8601 with a zone, or an epoch.
        subject: what it is about; default: the repository.
        fields: of the contract, each by an expression.
        labels: by an expression each.
    """

    when: str | None = None
    ignore: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.-]{1,60}$")] | None = None
    event: Kind | None = None
    id: Annotated[tuple[str, ...], Field(max_length=10)] = ()
    time: str | None = None
    subject: str | None = None
    fields: dict[str, str | Value] = {}
    labels: Annotated[dict[str, str], Field(max_length=50)] = {}

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.ignore is None) == (self.event is None):
            raise ValueError("expected either event or ignore")
        if self.event is None:
            return self
        if not self.id or self.time is None:
            raise ValueError("expected id (a list of expressions) and time of an event")
        model = CONTRACTS[self.event]
        known = model.model_fields.keys() - _OURS - _LISTS
        if unknown := sorted(self.fields.keys() - known):
            raise ValueError(f"expected fields of {self.event} ({', '.join(sorted(known))}), got {', '.join(unknown)}")
        needed = {name for name, field in model.model_fields.items() if field.is_required()} - _OURS
        if missing := sorted(needed - self.fields.keys()):
            raise ValueError(f"expected fields to have {', '.join(missing)} of {self.event}")
        for name, value in self.fields.items():
            words = words_of(self.event, name)
            said = set(value.words.values()) if isinstance(value, Value) else set()
            if said - words - {"ignore"}:
                raise ValueError(
                    f"{name}: expected words of {', '.join(sorted(words | {'ignore'}))}, got {sorted(said)}"
                )
        return self

    @cached_property
    def compiled(self) -> Compiled:
        """Its expressions."""
        return Compiled(
            when=Expression(self.when) if self.when else None,
            id=tuple(Expression(one) for one in self.id),
            time=Expression(self.time) if self.time else None,
            subject=Expression(self.subject) if self.subject else None,
            fields={name: Expression(one.of if isinstance(one, Value) else one) for name, one in self.fields.items()},
            labels={name: Expression(one) for name, one in self.labels.items()},
        )


@dataclass(frozen=True)
class Compiled:
    """A rule's expressions."""

    when: Expression | None
    id: tuple[Expression, ...]
    time: Expression | None
    subject: Expression | None
    fields: dict[str, Expression]
    labels: dict[str, Expression]


class MappingFile(_Strict):
    """A file's content; raise `revision` when the same payload would give another content."""

    scheme: Scheme = "token"
    revision: Annotated[int, Field(ge=1, le=0xFFFF)] = 1
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=100)]


def words_of(event: Kind, field: str) -> frozenset[str]:
    """The closed list of words of a contract's field; empty where any text will do."""
    annotation: Any = CONTRACTS[event].model_fields[field].annotation
    options = get_args(annotation)
    return frozenset(
        word for option in (annotation, *options) for word in get_args(option) or [option] if isinstance(word, str)
    )


def read(path: Path) -> MappingFile:
    """A mapping file.

    Raises:
        MappingFileError: what is wrong with it, and where.
    """
    if not _NAME.fullmatch(path.stem):
        raise MappingFileError(f"{path}: expected a name of small letters, digits and hyphens")
    try:
        text = path.read_bytes()
        if len(text) > _LARGEST_FILE:
            raise MappingFileError(f"{path}: expected at most {_LARGEST_FILE:,} bytes")
        made = MappingFile.model_validate(yaml.safe_load(text))
        for number, rule in enumerate(made.rules):
            try:
                _ = rule.compiled
            except ExpressionError as error:
                raise MappingFileError(f"{path}: rules.{number}: {error}") from None
    except OSError as error:
        raise MappingFileError(f"expected a mapping file, got {error}") from error
    except yaml.YAMLError as error:
        raise MappingFileError(f"{path}: expected YAML, got {error}") from None
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:5])
        raise MappingFileError(f"{path}: {said}") from None
    return made

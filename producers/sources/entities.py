"""Backstage's own notations: YAML documents, entity references, source locations.

Read by `backstage.py`. Scalars stay texts as written: YAML's guesses (`no` is false, `1.10` is 1.1) are not for names.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import yaml

from producers.sources.common import Rejected
from producers.sources.redact import dimension

_REFERENCE = re.compile(r"(?:([^:/\s]+):)?(?:([^:/\s]+)/)?([^:/\s]+)")
_TREES = ("/-/tree/", "/-/blob/", "/tree/", "/blob/", "/edit/", "/src/")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_DEFAULT = "default"


class Reference(NamedTuple):
    """An entity: kind in lower case, and its name, qualified by the namespace unless that is the default one."""

    kind: str
    name: str


class Place(NamedTuple):
    """Where an entity's source lies: repository (host-qualified, lower case) and folder; empty: all of it."""

    repository: str
    folder: str


class _Texts(yaml.BaseLoader):
    """Lists, mappings, texts and nothing else: no tags, no types; plain nulls are None."""

    def construct_scalar(self, node: Any) -> Any:
        if node.style is None and node.value in _NULLS:
            return None
        return super().construct_scalar(node)


def documents(text: str) -> list[Any]:
    """The documents of a YAML stream, empty ones left out.

    Raises:
        Rejected: `malformed_yaml`, with line and column.
    """
    try:
        return [one for one in yaml.load_all(text, Loader=_Texts) if one is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "an unknown place"
        raise Rejected("malformed_yaml", f"expected YAML, got at {where}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        raise Rejected("malformed_yaml", f"expected YAML of plain texts, got {type(error).__name__}") from None


def reference(text: str, kind: str, field: str) -> Reference:
    """The entity that `[kind:][namespace/]name` names; `kind` is the field's own where none is written.

    Raises:
        Rejected: `malformed_reference`.
    """
    match = _REFERENCE.fullmatch(text.strip())
    if match is None:
        raise Rejected("malformed_reference", f"expected {field} like {kind}:namespace/name, got {text[:60]!r}")
    return Reference((match[1] or kind).lower(), qualified(match[2], match[3]))


def qualified(namespace: str | None, name: str) -> str:
    """An entity's name in the catalog of all namespaces."""
    return dimension(name if (namespace or _DEFAULT).lower() == _DEFAULT else f"{namespace}/{name}")


def place(location: str, *, is_file: bool = False) -> Place | None:
    """Where `url:https://host/owner/repository/tree/branch/folder` points; None where it is no address of a repository.

    The branch is taken to have no slash. `is_file`: the location is the descriptor itself, its folder is meant.
    """
    kind, found, address = location.strip().partition(":")
    if not found or kind.lower() != "url":
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    path = unquote(parts.path)
    cut = min((at for tree in _TREES if (at := path.find(tree)) > 0), default=len(path))
    tree = next((tree for tree in _TREES if path.startswith(tree, cut)), "")
    owner = path[:cut].strip("/").removesuffix(".git").lower()
    inside = path[cut + len(tree) :].strip("/").split("/")[1:] if tree else []
    folder = "/".join(inside[:-1] if is_file else inside)
    host = parts.netloc.rpartition("@")[2].lower()
    return Place(dimension(f"{host}/{owner}"), folder) if "/" in owner else None

"""What mappers of delivery events have in common: the envelope, commit ids, pages, persons, words of a vendor's list.

Used by every module that makes contract events of a vendor's JSON. Nothing here guesses: what is absent stays absent,
what has another form is refused with the field's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

from producers.sources.common import Context, Rejected, contract
from producers.sources.identity import actor, is_bot
from producers.sources.payload import Fields
from producers.sources.redact import dimension, page
from schemas.base import event_id
from schemas.delivery import Delivery
from schemas.envelope import Event

T = TypeVar("T")

_SHA = re.compile(r"[0-9a-f]{7,64}")
_HOST = re.compile(r"[a-z0-9.-]+(?::\d+)?")
_MOST_LABELS = 50
_LONGEST_REF = 500
"""Of `schemas.delivery.Ref`."""


@dataclass(frozen=True)
class Vendor:
    """Who a mapper reads.

    Attributes:
        name: the provider on every event, and the first part of every identity.
        revision: of the mapper; raise it when the same payload would give another content.
    """

    name: str
    revision: int

    def event(
        self,
        source: str,
        identity: tuple[str | int | None, ...],
        at: datetime,
        data: Callable[[], Delivery],
        *,
        subject: str | None,
    ) -> Event:
        """The event of a native object's state.

        Args:
            source: the sending instance as a URI reference: `//gitlab.example`, `//argocd/cd.example`.
            identity: what makes it one event within the provider, natively: instance, object, attempt, status, its own
                update time; never the delivery.
            at: when it happened.
            data: makes the contract; a broken one is a `Rejected` that names the fields.
            subject: what it is about, the key of its partition: repository, application or incident.
        """
        return contract(
            lambda: Event(
                id=event_id(self.name, *identity),
                source=source,
                time=at,
                subject=subject,
                mapperrevision=self.revision,
                data=data(),
            )
        )


def sha(it: Fields, key: str) -> str | None:
    """A commit id, or None where it is absent or all zeros (a ref that is not there)."""
    value = it.maybe_text(key)
    if value is None or not value.strip("0"):
        return None
    if not _SHA.fullmatch(value):
        raise Rejected(
            "malformed_commit", f"expected {it.at(key)} to be a commit id in hex, got {len(value)} characters"
        )
    return value


def maybe_sha(text: str | None) -> str | None:
    """A commit id where a text is one; None for a tag, a chart's version, a branch: fields that may hold either."""
    return text if text and _SHA.fullmatch(text) and text.strip("0") else None


def ref_of(tag: str | None, branch: str | None) -> str | None:
    """The git ref of what was built or deployed: the tag where there is one, else the branch as it is written."""
    return f"refs/tags/{tag}"[:_LONGEST_REF] if tag else branch[:_LONGEST_REF] if branch else None


def link(it: Fields, *keys: str) -> str | None:
    """The first of these fields that is a web page, without its query."""
    return next((found for key in keys if (found := page(it.maybe_text(key)))), None)


def host_of(it: Fields, key: str) -> str:
    """The host (and port) of an address that must be there, lower case, without its user."""
    found = maybe_host(it.text(key))
    if found is None:
        raise Rejected("malformed_address", f"expected {it.at(key)} like https://git.example/acme/pay")
    return found


def maybe_host(address: str | None) -> str | None:
    """The host (and port) of an address, lower case, without its user; None where it has none."""
    try:
        host = urlsplit((address or "").strip()).netloc.rpartition("@")[2].lower()
    except ValueError:
        return None
    return host if _HOST.fullmatch(host) else None


def person(context: Context, *names: str | None, is_robot: bool = False) -> dict[str, str | bool | None]:
    """`actor` and `is_bot` of whoever these names (login, e-mail address, name) are of, for a contract.

    The first name that is there makes the hash; nothing at all when there is none.
    """
    known = [name for name in names if name]
    if not known:
        return {}
    return {"actor": actor(context, known[0]), "is_bot": is_robot or is_bot(*known)}


def chosen(it: Fields, key: str, words: Mapping[str, T], reason: str = "unknown_status") -> T:
    """What a vendor's word of a closed list stands for.

    Raises:
        Rejected: `reason`, for a word that the vendor's documentation does not have.
    """
    word = it.text(key)
    if word not in words:
        raise Rejected(reason, f"expected {it.at(key)} of {', '.join(words)}, got {word[:40]!r}")
    return words[word]


def word(it: Fields | None, *keys: str) -> str | None:
    """The first of these fields that has a text, as a dimension's value; None without one."""
    found = (dimension(it.maybe_text(key) or "") for key in keys) if it else ()
    return next((text for text in found if text), None)


def labels(found: Mapping[str, str | None]) -> dict[str, str]:
    """Labels for a contract: bounded, without the empty ones, at most 50 by name."""
    clean = {dimension(name): dimension(text, 1000) for name, text in found.items() if text}
    return {name: clean[name] for name in sorted(clean)[:_MOST_LABELS] if name and clean[name]}

"""What to enter at a vendor so that it sends to us: one text per source, and the log formats' own.

Texts lie in `producers/sources/setup/<source>.md`; `@BASE@`, `@URL@`, `@URL_WITH_TOKEN@` and `@SECRET@` in them stand
for the service's address, the source's, the same with the token as a password, and the token or shared secret;
`@LOG_FORMAT@` for what the mapper calls so. A log format's text is its module's `SETUP`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from producers.http.proofs import PROOFS, TOKENS
from producers.sources.lines import FORMATS
from producers.sources.registry import SOURCES, Source

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

GENERIC: Final = "generic-"
"""What the names of webhooks that a mapping file describes begin with."""
EMIT: Final = "emit"
"""Any CI job with `adoption emit` or curl: no vendor's source, but a sender like one."""
SHOWN_BY_VENDOR: Final = frozenset({"buildkite", "pagerduty", "standard-webhooks"})
"""Schemes whose secret the vendor makes: it cannot be given one."""
_POSTED: Final = "Post JSON to @URL@\nwith the header `Authorization: Bearer @SECRET@`."
_SIGNED: Final = "Post JSON to @URL@\nwith @PROOF@ with the secret @SECRET@."
_TEXTS: Final[Traversable] = files("producers.sources") / "setup"


class UnknownSourceError(LookupError):
    """No such source or log format; the message lists those that are."""


@dataclass(frozen=True)
class Sender:
    """Something that can be connected.

    Attributes:
        name: of a source, of a log format, or `emit`.
        source: its row in the registry; None: a log that `adoption tail` ships, or `emit`.
        scope: what its token must allow; None: it signs, with a secret of its own.
    """

    name: str
    source: Source | None
    scope: str | None

    @property
    def path(self) -> str:
        """Where it sends to, below the service's address."""
        if self.source:
            return f"/v1/{self.source.path}"
        return "/v1/events" if self.name == EMIT else "/v1/gateway/batches"

    @property
    def tally(self) -> str:
        """Its name at `/v1/sources`."""
        if self.source:
            return self.source.name
        return "events" if self.name == EMIT else "batches"

    def text(self, base: str, secret: str) -> str:
        """What to enter, with the service's address and the secret filled in."""
        parts = []
        log = FORMATS.get(self.name)
        if log and not log.is_records:
            parts.append(_tail(self.name))
            if self.source:
                parts.append(f"A shipper may send the same objects instead, one or an array of them. {_POSTED}")
        elif self.name.startswith(GENERIC):
            assert self.source
            parts.append(_POSTED if self.scope else _SIGNED.replace("@PROOF@", PROOFS[self.source.scheme].expected))
        else:
            parts.append((_TEXTS / f"{self.name}.md").read_text(encoding="utf-8").strip())
        base = base.rstrip("/")
        scheme, _, rest = base.partition("://")
        filled = {
            "@LOG_FORMAT@": self._log_format(),
            "@BASE@": base,
            "@URL@": base + self.path,
            "@URL_WITH_TOKEN@": f"{scheme}://adoption:{secret}@{rest}{self.path}",
            "@SECRET@": secret,
        }
        text = "\n\n".join(parts)
        for mark, value in filled.items():
            text = text.replace(mark, value)
        return text

    def _log_format(self) -> str:
        """The format that its mapper wants a log in, where the log's owner writes it."""
        mapper = self.source and self.source.map_gateway
        return str(getattr(import_module(mapper.__module__), "LOG_FORMAT", "")).strip() if mapper else ""


def sender(name: str) -> Sender:
    """What a name stands for.

    Raises:
        UnknownSourceError: nothing.
    """
    source = SOURCES.get(name)
    if source:
        return Sender(name, source, _scope(source))
    if name == EMIT:
        return Sender(name, None, "events")
    if name in FORMATS:
        return Sender(name, None, "gateway")
    raise UnknownSourceError(f"expected one of {', '.join(names())}, got {name!r}")


def names() -> list[str]:
    """Everything that can be connected."""
    return sorted({EMIT, *SOURCES, *FORMATS})


def _scope(source: Source) -> str | None:
    return source.kind if source.scheme in TOKENS else None


def _tail(name: str) -> str:
    """How a log is shipped."""
    zone = " --zone Europe/Berlin" if FORMATS[name].is_local else ""
    ship = f"ADOPTION_INGEST_TOKEN=@SECRET@ adoption tail /path/to/access.log --format {name}{zone}"
    where = "Then, on that machine (ADOPTION_INGEST_URL: this service's address):"
    return f"{FORMATS[name].setup().strip()}\n\n{where}\n\n    {ship}"

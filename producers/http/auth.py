"""Who may send: tokens with scopes, vendors' secrets by source.

Asked before a payload is looked at. Nobody configured means that nobody may send. Every configured secret is compared,
in constant time, so neither a duration nor an answer tells how close a guess was. The file is read again when it
changes: a token or secret is rotated by writing the new one beside the old one, and removing that later.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError, model_validator

from producers.http.problems import Problem
from producers.http.proofs import PROOFS, is_usable
from producers.http.rates import Rates
from producers.sources.registry import SOURCES, Source

log = logging.getLogger(__name__)

Scope = Literal["events", "gateway"]
_LOOK_SECONDS: Final = 1.0
"""How often the file's date is looked at."""


class AccessFileError(ValueError):
    """The access file cannot be used; the message says where and why, without its secrets."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Token(_Strict):
    """A sender: its name is the source that its gateway units are counted under."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    scopes: frozenset[Scope]
    requests_per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class Webhook(_Strict):
    """Live secrets of a signing source; several while one is being rotated."""

    secrets: Annotated[tuple[Annotated[SecretStr, Field(min_length=1)], ...], Field(max_length=4)] = ()


class AccessFile(_Strict):
    """The access file's content."""

    tokens: tuple[Token, ...] = ()
    github: Webhook = Webhook()
    webhooks: dict[str, Webhook] = {}

    @model_validator(mode="after")
    def _are_for_sources_that_sign(self) -> Self:
        signing = {source.name: source.scheme for source in SOURCES.values() if source.scheme in PROOFS}
        for name in self.webhooks:
            if name not in signing:
                known = ", ".join(sorted(signing))
                raise ValueError(f"webhooks: expected names of sources that sign ({known}), got {name[:40]!r}")
            if not all(is_usable(signing[name], secret) for secret in self.secrets(name)):
                raise ValueError(f"webhooks.{name}: expected secrets as the vendor shows them: `whsec_` and base64")
        return self

    def secrets(self, source: str) -> tuple[str, ...]:
        """Live secrets of a signing source. `github` may stand at the top, where it was before there were others."""
        found = self.webhooks.get(source, Webhook()).secrets
        if source == "github":
            found += self.github.secrets
        return tuple(secret.get_secret_value() for secret in found)


class Access:
    """The access file as it is now."""

    def __init__(self, path: Path | None) -> None:
        """Read the file; None: nobody may send.

        Raises:
            AccessFileError: it is not there or not as expected.
        """
        self._path = path
        self._rates = Rates()
        self._seen = self._stamp() if path else None
        self._file = _read(path) if path else AccessFile()
        self._looked = time.monotonic()

    @property
    def file(self) -> AccessFile:
        """The content; a changed file that cannot be read leaves the last good one in force."""
        now = time.monotonic()
        if self._path and now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            stamp = self._stamp()
            if stamp != self._seen:
                self._seen = stamp
                try:
                    self._file = _read(self._path)
                except AccessFileError:
                    log.exception("the changed access file is not used")
        return self._file

    def token(self, authorization: str | None, scope: Scope, challenge: str = "Bearer") -> Token:
        """The sender of a request, by its Authorization header.

        Args:
            authorization: `Bearer <token>`, or `Basic` whose password is the token: all that some vendors can say.
            scope: what the token must allow.
            challenge: the answer's WWW-Authenticate; some senders only then present what they have.

        Raises:
            Problem: 401 with one and the same body for every missing or wrong token; 403 lacks the scope; 429 over its
                rate.
        """
        presented = _presented(authorization or "")
        digest = hashlib.sha256(presented).hexdigest()
        found: Token | None = None
        for token in self.file.tokens:
            if hmac.compare_digest(token.sha256, digest):
                found = token
        if found is None or not presented:
            message = "expected a header `Authorization: Bearer <token>` with a token of the access file"
            raise Problem(401, "unauthorized", message, headers={"www-authenticate": challenge})
        if scope not in found.scopes:
            message = f"expected a token with scope {scope!r}; {found.name!r} has {sorted(found.scopes)}"
            raise Problem(403, "forbidden", message)
        self._rates.take(found.name, found.requests_per_second)
        return found

    def signed(self, source: Source, headers: Mapping[str, str], raw: bytes) -> None:
        """Check a signing vendor's proof over the raw body.

        Raises:
            Problem: 401, one and the same body whatever is wrong, also when no secret is configured.
        """
        proof = PROOFS[source.scheme]
        if not proof.is_proven(self.file.secrets(source.name), headers, raw, time.time()):
            message = (
                f"expected {proof.expected}, with a secret that the access file has under "
                f"webhooks.{source.name}.secrets: set the same secret there and at the vendor"
            )
            raise Problem(401, "unauthorized", message)

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat() if self._path else None
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns, found.st_size) if found else None


def _presented(authorization: str) -> bytes:
    """The token in a header; nothing where there is none."""
    kind, _, rest = authorization.partition(" ")
    if kind.lower() == "bearer":
        return rest.strip().encode("latin-1", "replace")
    if kind.lower() == "basic":
        try:
            return base64.b64decode(rest.strip(), validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return b""


def _read(path: Path) -> AccessFile:
    try:
        return AccessFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise AccessFileError(f"expected an access file, got {error}: set ADOPTION_INGEST_ACCESS_FILE") from error
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise AccessFileError(f"{path}: {said}") from None

"""Who may send: bearer tokens with scopes, GitHub's signature over the raw body.

Asked before a payload is looked at. Nobody configured means that nobody may send. Every configured secret is compared,
in constant time, so neither a duration nor an answer tells how close a guess was. The file is read again when it
changes: a token or secret is rotated by writing the new one beside the old one, and removing that later.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError

from producers.http.problems import Problem
from producers.http.rates import Rates

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

    def token(self, authorization: str | None, scope: Scope) -> Token:
        """The sender of a request, by its Authorization header.

        Raises:
            Problem: 401 with one and the same body for every missing or wrong token; 403 lacks the scope; 429 over its
                rate.
        """
        kind, _, presented = (authorization or "").partition(" ")
        digest = hashlib.sha256(presented.strip().encode("latin-1", "replace")).hexdigest()
        found: Token | None = None
        for token in self.file.tokens:
            if hmac.compare_digest(token.sha256, digest):
                found = token
        if found is None or kind.lower() != "bearer":
            message = "expected a header `Authorization: Bearer <token>` with a token of the access file"
            raise Problem(401, "unauthorized", message, headers={"www-authenticate": "Bearer"})
        if scope not in found.scopes:
            message = f"expected a token with scope {scope!r}; {found.name!r} has {sorted(found.scopes)}"
            raise Problem(403, "forbidden", message)
        self._rates.take(found.name, found.requests_per_second)
        return found

    def github(self, signature: str | None, raw: bytes) -> None:
        """Check GitHub's X-Hub-Signature-256 over the raw body.

        Raises:
            Problem: 401, one and the same body whatever is wrong, also when no secret is configured.
        """
        presented = (signature or "").encode("latin-1", "replace")
        is_good = False
        for secret in self.file.github.secrets:
            expected = b"sha256=" + hmac.new(secret.get_secret_value().encode(), raw, "sha256").hexdigest().encode()
            is_good |= hmac.compare_digest(expected, presented)
        if not is_good:
            message = (
                "expected a header X-Hub-Signature-256 made over the body with a secret that the access file has "
                "under github.secrets: set the same secret there and in the hook"
            )
            raise Problem(401, "unauthorized", message)

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat() if self._path else None
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns, found.st_size) if found else None


def _read(path: Path) -> AccessFile:
    try:
        return AccessFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise AccessFileError(f"expected an access file, got {error}: set ADOPTION_INGEST_ACCESS_FILE") from error
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise AccessFileError(f"{path}: {said}") from None

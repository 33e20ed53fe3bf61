"""Sends one event to the ingest service with the standard library alone: short, bounded, and clear when it fails.

The thin edge of `adoption emit`. The importers use `producers/client.py`, which waits for as long as it takes; a CI job
must not.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

_AGAIN = frozenset({429, 500, 502, 503, 504})
_PAUSE = 0.5


class NotSentError(RuntimeError):
    """The event was not taken: by whom, and what was said."""


class Target(NamedTuple):
    """Where to send, and the salt of hashed persons."""

    url: str
    token: str | None
    salt: bytes


def target() -> Target:
    """The settings that `emit` needs, as `schemas.settings.Settings` finds them, without importing that.

    Raises:
        NotSentError: the stack file cannot be read.
    """
    home = os.environ.get("ADOPTION_DATA_DIR") or Path.home() / ".local" / "share" / "adoption"
    stack = Path(home) / "stack.json"
    try:
        stored: dict[str, Any] = json.loads(stack.read_text()) if stack.exists() else {}
    except (OSError, ValueError) as error:
        raise NotSentError(f"expected JSON in {stack}, got {error}") from error

    def setting(name: str, default: str | None) -> str | None:
        return os.environ.get(f"ADOPTION_{name.upper()}") or stored.get(name) or default

    url = setting("ingest_url", "http://127.0.0.1:8080")
    salt = setting("actor_salt", "adoption")
    assert url is not None
    assert salt is not None
    return Target(url, setting("ingest_token", None), salt.encode())


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token does not follow a redirect to somewhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def send(event: dict[str, Any], to: Target, seconds: float) -> dict[str, Any]:
    """Post the event; gives the receipt. Tries again while time is left and the service may just be busy.

    Args:
        event: structured CloudEvent.
        to: where.
        seconds: all that this may take.

    Raises:
        NotSentError: refused, or not answered in time.
    """
    if not to.url.startswith(("http://", "https://")):
        raise NotSentError(f"expected ADOPTION_INGEST_URL to begin with http:// or https://, got {to.url!r}")
    address = f"{to.url.rstrip('/')}/v1/events"
    headers = {"Content-Type": "application/cloudevents+json", "User-Agent": "adoption-emit"}
    if to.token:
        headers["Authorization"] = f"Bearer {to.token}"
    request = urllib.request.Request(address, json.dumps(event).encode(), headers)  # noqa: S310 - checked above
    opener = urllib.request.build_opener(_NoRedirect)
    deadline = time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        try:
            with opener.open(request, timeout=max(left, 0.1)) as answer:
                receipt: dict[str, Any] = json.load(answer)
                return receipt
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(2_000).decode(errors="replace")
            failure, again = f"{address} answered {error.code}: {said}", error.code in _AGAIN
        except (OSError, ValueError) as error:
            failure, again = f"{address}: {error}", True
        if not again or time.monotonic() + _PAUSE >= deadline:
            raise NotSentError(failure)
        time.sleep(_PAUSE)

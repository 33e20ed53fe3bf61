"""Kubernetes' list and watch over HTTP: pages of objects, then changes from a resource version on.

A resource version is opaque: it is only ever given back. The server forgets old ones (410 Gone, as a status or as an
`ERROR` inside a stream), ends streams when it likes, and cuts them anywhere.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Self

import httpx

PAGE: Final = 500
STREAM_SECONDS: Final = 240
"""How long one stream is asked for; bookmarks come about every minute, so a silent one is longer dead than that."""
_GONE: Final = 410
_TIMEOUT: Final = httpx.Timeout(30, read=STREAM_SECONDS + 30)


class GoneError(Exception):
    """The server no longer knows this resource version (or place in a list): list anew."""


class LostError(Exception):
    """The server is away, busy, or cut the connection: go on from the last resource version, a little later."""


class RefusedError(RuntimeError):
    """The server will not answer; the message says what it wants."""


class Api:
    """A cluster's API server. Not for several threads at once.

    Args:
        server: its address, e.g. `https://10.0.0.1:443`, or `http://127.0.0.1:8001` of `kubectl proxy`.
        token: gives the bearer token; asked for each request, since tokens of pods are renewed on disk.
        verify: how its certificate is checked.
        selector: labels that objects must have, as `kubectl --selector` takes them; None: all objects.
    """

    def __init__(
        self,
        server: str,
        token: Callable[[], str | None],
        verify: ssl.SSLContext | bool = True,
        selector: str | None = None,
    ) -> None:
        self._token = token
        self._always = {"labelSelector": selector} if selector else {}
        self._http = httpx.Client(base_url=server.rstrip("/"), timeout=_TIMEOUT, verify=verify)

    def pages(self, path: str) -> Iterator[tuple[list[dict[str, Any]], str]]:
        """(objects, resource version of the list) for each page of a list; the version is the same on all pages.

        Raises:
            GoneError: the list took so long that its next page is gone.
            LostError, RefusedError: as named.
        """
        more: dict[str, str] = {}
        while True:
            with self._get(path, {"limit": str(PAGE), **more}) as response:
                body = _json(response.read())
            meta = body.get("metadata") or {}
            yield body.get("items") or [], str(meta.get("resourceVersion") or "")
            if not meta.get("continue"):
                return
            more = {"continue": meta["continue"]}

    def changes(self, path: str, version: str) -> Iterator[dict[str, Any]]:
        """Changes after a resource version, as the server sends them, until it ends the stream.

        Raises:
            GoneError: the version is too old.
            LostError: the stream was cut, or the server said an error in it.
            RefusedError: it will not be watched.
        """
        query = {
            "watch": "1",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(STREAM_SECONDS),
        }
        with self._get(path, query) as response:
            for line in response.iter_lines():
                change = _json(line)
                _raise_error_of(change)
                yield change

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _get(self, path: str, query: dict[str, str]) -> Iterator[httpx.Response]:
        """An answer while its body is read; a status that is no success, and a lost connection, are raised as ours."""
        token = self._token()
        headers = {"authorization": f"Bearer {token}"} if token else {}
        try:
            with self._http.stream("GET", path, params=query | self._always, headers=headers) as response:
                _raise_status_of(response)
                yield response
        except httpx.TransportError as error:
            raise LostError(f"{type(error).__name__}: {error}") from error


def _raise_status_of(response: httpx.Response) -> None:
    if response.is_success:
        return
    said = f"{response.status_code} {response.reason_phrase} from {response.request.url.path}"
    if response.status_code == _GONE:
        raise GoneError(said)
    if response.status_code in {401, 403, 404}:
        raise RefusedError(
            f"expected to be allowed to list and watch, got {said}: give the token's account the verbs list and watch "
            "on deployments.apps"
        )
    raise LostError(said)


def _json(text: str | bytes) -> dict[str, Any]:
    """An object; a line that was cut in its middle is a lost connection."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise LostError("the server's answer ended in the middle of an object") from error
    if not isinstance(value, dict):
        raise LostError(f"expected an object from the server, got {type(value).__name__}")
    return value


def _raise_error_of(change: dict[str, Any]) -> None:
    if change.get("type") != "ERROR":
        return
    status = change.get("object")
    said = status if isinstance(status, dict) else {}
    if said.get("code") == _GONE:
        raise GoneError(str(said.get("message") or "the resource version is gone"))
    raise LostError(f"the server ended the stream: {said.get('reason')} {said.get('message')}")

"""What has come from a source, asked of the ingest service: once for a list, again and again for the first event."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final, Self

import httpx

_POLL_SECONDS: Final = 1.0
_HINTS: Final = {
    "unauthorized": "the token or secret there is not the one in the access file",
    "forbidden": "its token lacks the scope",
    "unsupported_media_type": "set the content type to application/json there",
    "malformed_json": "what it sends is no JSON: look at its template",
    "unavailable": "the service could not make it durable: see its /readyz",
}


class NoAnswerError(RuntimeError):
    """The service does not tell; the message says why."""


class Arrivals:
    """The service's tallies; a context manager."""

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`url` of the service, a `token` of scope events; the others are for tests."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=5, transport=transport)
        self._url, self._sleep, self._clock = url, sleep, clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def all(self) -> dict[str, dict[str, Any]]:
        """Tally of each source.

        Raises:
            NoAnswerError: no answer, or one that is none of the ingest service.
        """
        try:
            answer = self._http.get("/v1/sources")
            if answer.status_code == 401:  # noqa: PLR2004
                raise NoAnswerError("expected ADOPTION_INGEST_TOKEN to be a token of scope events")
            return {one["name"]: one for one in answer.raise_for_status().json()["sources"]}
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise NoAnswerError(f"expected the ingest service at {self._url}, got {error}") from error

    def until_first(self, name: str, seconds: float) -> Iterator[str]:
        """Lines on what comes from a source, until something of it is understood.

        What came before this call does not count.

        Raises:
            NoAnswerError: nothing was understood in `seconds`, or the service does not answer.
        """
        before = self.all()[name]
        deadline = self._clock() + seconds
        while self._clock() < deadline:
            self._sleep(_POLL_SECONDS)
            now = self.all()[name]
            for code, count in _more(before, now, "refused").items():
                yield f"refused {count}: {code}: {_HINTS.get(code, 'see the answer that it got')}"
            came = list(_came(before, now))
            yield from came
            if came:
                return
            before = now
        raise NoAnswerError(f"nothing of {name} was understood within {seconds:.0f} s: does it reach {self._url}?")


def _came(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for type_, count in _more(before, now, "became").items():
        yield f"accepted: {count} {type_}, the latest of {now['last_event']}"
    for reason, count in _more(before, now, "ignored").items():
        yield f"ignored {count}: {reason}: it arrives, and is none of our business"
    for reason, count in _more(before, now, "dead_lettered").items():
        yield f"dead-lettered {count}: {reason}: `adoption dead-letters` shows it"


def _more(before: dict[str, Any], now: dict[str, Any], what: str) -> dict[str, int]:
    """What was counted since; a service that began anew counts from nothing."""
    grown = {reason: count - before[what].get(reason, 0) for reason, count in now[what].items()}
    return {reason: count if count >= 0 else now[what][reason] for reason, count in grown.items() if count}

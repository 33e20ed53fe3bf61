"""Sends events and gateway batches to the ingest service, and comes back until they are accepted.

What importers, the log shipper and anybody's own Python use. A post is accepted whole or not at all; after an answer
got lost it is sent again, which identity makes harmless.
"""

from __future__ import annotations

import email.utils
import gzip
import json
import random
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import httpx

from producers.posts import posts
from schemas.envelope import Event

if TYPE_CHECKING:
    from schemas.settings import Settings

BATCH: Final = "application/cloudevents-batch+json"
PATIENCE_SECONDS: Final = 600.0
_GZIP_FROM: Final = 4096
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 30.0


class IngestError(RuntimeError):
    """What was sent is not known to be accepted."""


class RefusedError(IngestError):
    """The service says that this will never do: `status`, its `code`, and its message, which names the place."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"refused with {status} {code}: {message}")
        self.status = status
        self.code = code


class UnreachableError(IngestError):
    """No acceptance within the client's patience; the message says what happened last."""


class Receipt(NamedTuple):
    """The service's word that everything of a post is durable.

    Attributes:
        receipt: digest of the post, for questions about it.
        accepted: number of events or gateway requests.
        ignored: reason code -> number.
        dead_lettered: reason code -> number.
    """

    receipt: str
    accepted: int
    ignored: dict[str, int]
    dead_lettered: dict[str, int]


def structured(event: Event) -> dict[str, Any]:
    """An event as a CloudEvents JSON object (structured mode)."""
    attributes = event.model_dump(mode="json", exclude={"data"}, exclude_defaults=True, exclude_none=True)
    data = event.data.model_dump(mode="json", exclude_none=True)
    return {"specversion": "1.0", "type": event.type, **attributes, "datacontenttype": "application/json", "data": data}


class IngestClient:
    """A connection to the ingest service; a context manager. Not for several threads at once."""

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        patience: float = PATIENCE_SECONDS,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing connects yet.

        Args:
            url: of the service, without a path.
            token: bearer token; None sends none.
            patience: seconds to keep trying one post while the service is away or busy.
            transport: another way to the service (tests).
            sleep: waits so many seconds (tests).
            clock: seconds from anywhere (tests).
        """
        headers = {"user-agent": "adoption-client"} | ({"authorization": f"Bearer {token}"} if token else {})
        self._url = url.rstrip("/")
        self._http = httpx.Client(base_url=self._url, headers=headers, timeout=30, transport=transport)
        self._patience = patience
        self._sleep = sleep
        self._clock = clock

    def events(self, events: Sequence[Event]) -> Receipt:
        """Send contract events as one post: all of them are accepted, or an error is raised.

        `producers.posts.posts` cuts a stream into posts that are small enough (1 MiB).

        Raises:
            RefusedError: one of them breaks its contract, the token is wrong, the post too large.
            UnreachableError: not accepted within the patience.
        """
        body = json.dumps([structured(event) for event in events], ensure_ascii=False, separators=(",", ":"))
        return self._post("/v1/events", body.encode(), {"content-type": BATCH})

    def batch(self, value: bytes, content_type: str) -> Receipt:
        """Send one gateway Batch, as `schemas.gateway.encode` makes it (or its JSON twin); units go as they are.

        Raises:
            RefusedError: it is no Batch, the token is wrong, the post too large.
            UnreachableError: not accepted within the patience.
        """
        return self._post("/v1/gateway/batches", value, {"content-type": content_type})

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> Receipt:
        if len(body) >= _GZIP_FROM and headers["content-type"].endswith("json"):
            body, headers = gzip.compress(body, 6), {**headers, "content-encoding": "gzip"}
        deadline = self._clock() + self._patience
        pause = _FIRST_PAUSE
        while True:
            after: float | None = None
            try:
                response = self._http.post(path, content=body, headers=headers)
            except httpx.TransportError as error:
                last = f"{type(error).__name__}: {error}"
            else:
                if response.is_success:
                    return _receipt(response)
                if response.status_code not in _AGAIN:
                    raise _refused(response)
                last = f"{response.status_code}: {_member(response, 'message')}"
                after = _seconds(response.headers.get("retry-after"))
            # Some jitter, so that senders that were sent away together do not come back together.
            wait = max(after or 0.0, pause * random.uniform(0.5, 1.0))  # noqa: S311 -- no secret
            if self._clock() + wait > deadline:
                raise UnreachableError(
                    f"{self._url}{path} accepted nothing within {self._patience:.0f} s; last: {last}"
                )
            self._sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE)


def deliver(events: Iterable[Event], settings: Settings) -> None:
    """Send any number of contract events in their order to the ingest service of the settings; for importers.

    Raises:
        RefusedError, UnreachableError: as `IngestClient.events`; what was sent before stays.
    """
    token = settings.ingest_token
    with IngestClient(settings.ingest_url, token.get_secret_value() if token else None) as client:
        for post in posts(events):
            client.events(post)


def _receipt(response: httpx.Response) -> Receipt:
    try:
        body = response.json()
        return Receipt(body["receipt"], body["accepted"], body["ignored"], body["dead_lettered"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"expected a receipt from {response.url}: is it the ingest service?"
        raise RefusedError(response.status_code, "no_receipt", message) from error


def _refused(response: httpx.Response) -> RefusedError:
    return RefusedError(response.status_code, _member(response, "error"), _member(response, "message"))


def _member(response: httpx.Response, name: str) -> str:
    try:
        return str(response.json()[name])
    except (ValueError, KeyError, TypeError):
        return response.reason_phrase


def _seconds(retry_after: str | None) -> float | None:
    """Seconds of a Retry-After header: a number or a date; None when there is none to be understood."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None

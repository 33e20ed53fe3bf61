"""Sends the demo's payloads to the running ingest service, many at a time over kept-alive connections.

What a careful vendor does: signs its webhooks, waits when told to (503 with Retry-After), gives up on a refusal and
says what the service said. Sending anything twice is harmless, so that a lost answer is simply sent again.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from httptools import HttpParserError

from deploy.local.demo.alertmanager import Alert
from deploy.local.demo.connection import Answer, Connection
from deploy.local.demo.github import Webhook
from deploy.local.demo.kong import Array

CONCURRENCY = 24
"""Requests under way: the service acknowledges after an fsync that it shares among those who wait."""
LOST_PAUSE = 1.0
"""Seconds to wait after an answer was lost or the service could not be reached."""
_PATIENCE = 240
"""Tries of one POST before giving up; a busy service asks for about a second between two."""
_BUSY = frozenset({429, 503})


class SendError(RuntimeError):
    """The ingest service refused a payload, or could not be reached; the message says what it answered."""


@dataclass(frozen=True)
class Post:
    """One request to the ingest service."""

    path: str
    body: bytes
    headers: dict[str, str]


@dataclass
class Receipts:
    """What the service said it took.

    Attributes:
        posts: requests answered with 202.
        accepted: events and gateway rows.
        ignored: reason -> count.
        dead_lettered: reason -> count.
        waited: times it asked to come back later.
    """

    posts: int = 0
    accepted: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    dead_lettered: Counter[str] = field(default_factory=Counter)
    waited: int = 0

    def take(self, answer: dict[str, Any]) -> None:
        """Count one receipt in."""
        self.posts += 1
        self.accepted += int(answer.get("accepted", 0))
        self.ignored.update(answer.get("ignored") or {})
        self.dead_lettered.update(answer.get("dead_lettered") or {})


def of_webhook(webhook: Webhook, secret: str) -> Post:
    """A GitHub delivery, signed over its bytes."""
    body = json.dumps(webhook.payload, separators=(",", ":")).encode()
    digest = hashlib.sha256(body).hexdigest()
    return Post(
        "/v1/webhooks/github",
        body,
        {
            "Content-Type": "application/json",
            "X-GitHub-Event": webhook.event,
            "X-GitHub-Delivery": "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])),
            "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
        },
    )


def of_alert(alert: Alert, token: str) -> Post:
    """An Alertmanager notification."""
    return Post("/v1/webhooks/alertmanager", json.dumps(alert.payload).encode(), _with_token(token))


def of_array(array: Array, token: str) -> Post:
    """A POST of Kong's batch queue."""
    body = json.dumps(array.records, separators=(",", ":")).encode()
    return Post("/v1/gateway/kong", body, {**_with_token(token), "Idempotency-Key": array.key})


def _with_token(token: str) -> dict[str, str]:
    return {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}


async def send(url: str, posts: Iterable[Post], advance: Callable[[int], None]) -> Receipts:
    """Send all posts, `CONCURRENCY` at a time; returns when each was answered with 202.

    Args:
        url: of the ingest service.
        posts: made one by one as they are needed.
        advance: called with the number of posts just done.

    Raises:
        SendError: one was refused, or the service stayed away; the others under way are given up.
    """
    receipts = Receipts()
    queue = iter(posts)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENCY):
                group.create_task(_work(url, queue, receipts, advance))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return receipts


async def _work(url: str, queue: Iterator[Post], receipts: Receipts, advance: Callable[[int], None]) -> None:
    with Connection(url) as connection:
        for post in queue:
            receipts.take(await _deliver(connection, post, receipts))
            advance(1)


async def _deliver(connection: Connection, post: Post, receipts: Receipts) -> dict[str, Any]:
    said = ""
    for _ in range(_PATIENCE):
        try:
            answer = await connection.post(post.path, post.headers, post.body)
        except (OSError, TimeoutError, HttpParserError) as error:
            said, pause = f"{type(error).__name__}: {error}", LOST_PAUSE
        else:
            if answer.status == HTTPStatus.ACCEPTED:
                return dict(json.loads(answer.body))
            said = f"{answer.status} {answer.body[:500].decode(errors='replace')}"
            if answer.status not in _BUSY:
                raise SendError(f"expected 202 from {post.path}, got {said}")
            pause = _asked_pause(answer)
        receipts.waited += 1
        await asyncio.sleep(pause)
    raise SendError(f"expected 202 from {post.path} within {_PATIENCE} tries, last got {said}")


def _asked_pause(answer: Answer) -> float:
    """Seconds to wait as the service asked, between 0.05 and 5."""
    try:
        asked = float(answer.headers.get("retry-after", "1"))
    except ValueError:
        asked = 1.0
    return min(max(asked, 0.05), 5.0)

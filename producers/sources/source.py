"""What a source is: a row of the registry, with its address, its authenticity and its mapper.

Rows are made in `registry.py`; the ingest service, the bridge from foreign topics and `adoption source` read them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from producers.sources.common import BytesMapper, EventMapper, GatewayMapper

Scheme = Literal[
    "token",
    "sns",
    "github-hmac",
    "bitbucket-hmac",
    "gitea-hmac",
    "gitlab",
    "circleci",
    "buildkite",
    "flux-hmac",
    "tfe-hmac",
    "pagerduty",
    "standard-webhooks",
]
"""How a request proves who sent it: `token` and `sns` by a token of the access file, the others by what `PROOFS` of the
edge says about each, with a secret that the access file has for the source."""


RequestId = Callable[[Any], str | None]
"""A gateway record -> its own unique id; None where it has none."""


@dataclass(frozen=True)
class Source:
    """One system that sends to the ingest service.

    Attributes:
        name: unique word.
        path: address below `/v1/`.
        kind: `events` (contract events) or `gateway` (rows of requests).
        scheme: how a request proves who sent it.
        max_bytes: largest body.
        replay_headers: request headers that a mapper reads; a dead letter keeps them.
        media: content types it may have beside JSON's (`application/json`, `application/…+json`).
        cloudevents: how types of its CloudEvents begin; `/v1/events` hands those to its mapper, too. Empty: none.
        map_events: mapper of `events`.
        map_gateway: mapper of `gateway`.
        request_id: finds the unique id of a gateway record; None: its records have none.
        map_bytes: a faster way for many records in their bytes, where there is one.
        unpack: gateway records of a payload that is neither a record nor an array of them.
        answer: body of the 200 that this protocol's senders expect, from what was rejected (reason -> number); None:
            they get the receipt, with 202.
    """

    name: str
    path: str
    kind: Literal["events", "gateway"]
    scheme: Scheme
    max_bytes: int
    replay_headers: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    cloudevents: str = ""
    map_events: EventMapper | None = None
    map_gateway: GatewayMapper | None = None
    request_id: RequestId | None = None
    map_bytes: BytesMapper | None = None
    unpack: Callable[[Any], list[Any]] | None = None
    answer: Callable[[Mapping[str, int]], dict[str, Any]] | None = None

    def records(self, payload: Any) -> list[Any]:
        """The gateway records of a payload, an object or an array."""
        if self.unpack is not None:
            return self.unpack(payload)
        return payload if isinstance(payload, list) else [payload]

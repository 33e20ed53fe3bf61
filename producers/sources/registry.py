"""THE registry of sources: name -> address, authenticity, mapper.

The ingest service asks here which webhooks and gateway feeds exist. Adding a source: a mapper, its examples, one row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from producers.sources import alertmanager, kong
from producers.sources.common import EventMapper, GatewayMapper
from producers.sources.github import mapper as github

MIB = 1024 * 1024

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
        map_events: mapper of `events`.
        map_gateway: mapper of `gateway`.
        request_id: finds the unique id of a gateway record; None: its records have none.
    """

    name: str
    path: str
    kind: Literal["events", "gateway"]
    scheme: Scheme
    max_bytes: int
    replay_headers: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    map_events: EventMapper | None = None
    map_gateway: GatewayMapper | None = None
    request_id: Callable[[Any], str | None] | None = None


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            name="github",
            path="webhooks/github",
            kind="events",
            scheme="github-hmac",
            max_bytes=25 * MIB,
            replay_headers=("X-GitHub-Event", "X-Gitea-Event", "X-Gogs-Event", "X-Forgejo-Event"),
            map_events=github.map_payload,
        ),
        Source(
            name="alertmanager",
            path="webhooks/alertmanager",
            kind="events",
            scheme="token",
            max_bytes=MIB,
            map_events=alertmanager.map_payload,
        ),
        Source(
            name="kong",
            path="gateway/kong",
            kind="gateway",
            scheme="token",
            max_bytes=8 * MIB,
            map_gateway=kong.map_records,
            request_id=kong.request_id,
        ),
    )
}

"""THE registry of sources: name -> address, authenticity, mapper.

The ingest service asks here which webhooks and gateway feeds exist. Adding a source: a mapper, its examples, one row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from producers.sources import alertmanager, kong
from producers.sources.common import EventMapper, GatewayMapper
from producers.sources.github import mapper as github

MIB = 1024 * 1024


@dataclass(frozen=True)
class Source:
    """One system that sends to the ingest service.

    Attributes:
        name: unique word.
        path: address below `/v1/`.
        kind: `events` (contract events) or `gateway` (rows of requests).
        scheme: how a request proves who sent it: `github-hmac` (X-Hub-Signature-256 over the raw body) or `token`.
        max_bytes: largest body.
        replay_headers: request headers that a mapper reads; a dead letter keeps them.
        map_events: mapper of `events`.
        map_gateway: mapper of `gateway`.
    """

    name: str
    path: str
    kind: Literal["events", "gateway"]
    scheme: Literal["github-hmac", "token"]
    max_bytes: int
    replay_headers: tuple[str, ...] = ()
    map_events: EventMapper | None = None
    map_gateway: GatewayMapper | None = None


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
        ),
    )
}

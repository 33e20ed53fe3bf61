"""The ingest service in this process, in front of a sink that keeps what it is given."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import httpx

from producers.http.app import create_app
from producers.kafka import Record, Unavailable
from schemas.settings import Settings
from schemas.streams import BY_TOPIC

TOKEN = "a-token-of-both-scopes"
EVENTS_ONLY = "a-token-for-events"
SECRETS = ("the-new-secret", "the-old-secret")
JSON = {"content-type": "application/json"}
BEARER = {"authorization": f"Bearer {TOKEN}"}


class Kept:
    """A sink in memory; `away` makes it refuse, `hold` makes it wait."""

    def __init__(self) -> None:
        self.messages: list[Record] = []
        self.away: Unavailable | None = None
        self.hold: asyncio.Event | None = None
        self.is_started = False

    async def start(self) -> None:
        self.is_started = True

    async def stop(self) -> None:
        self.is_started = False

    async def send(self, records: Sequence[Record]) -> None:
        if self.hold:
            await self.hold.wait()
        if self.away:
            raise self.away
        self.messages += records

    async def unready(self) -> str | None:
        return str(self.away) if self.away else None

    def limit(self, topic: str) -> int:
        return BY_TOPIC[topic].max_message_bytes

    def gauges(self) -> dict[str, Any]:
        return {}


class Service:
    """The application, started; requests run in its own event loop."""

    def __init__(self, folder: Path, *, linger: float = 0.0, access: dict[str, Any] | None = None) -> None:
        self.access_file = folder / "access.json"
        self.write_access(access or default_access())
        self.sink = Kept()
        settings = Settings(ingest_access_file=self.access_file)
        self.app = create_app(settings, self.sink, linger=linger)
        self._runner = asyncio.Runner()
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://ingest")

    def write_access(self, access: dict[str, Any]) -> None:
        self.access_file.write_text(json.dumps(access))

    def __enter__(self) -> Self:
        self._lifespan = self.app.router.lifespan_context(self.app)
        self.run(self._lifespan.__aenter__())
        return self

    def __exit__(self, *error: object) -> None:
        self.run(self._lifespan.__aexit__(None, None, None))
        self.run(self._http.aclose())
        self._runner.close()

    def run(self, work: Any) -> Any:
        return self._runner.run(work)

    def get(self, path: str) -> httpx.Response:
        return self.run(self._http.get(path))

    def post(self, path: str, content: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        """POST with the token of both scopes, as JSON, unless `headers` say otherwise."""
        return self.run(self.posting(path, content, headers))

    async def posting(self, path: str, content: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        body = content if isinstance(content, bytes) or hasattr(content, "__aiter__") else json.dumps(content).encode()
        return await self._http.post(path, content=body, headers=JSON | BEARER | (headers or {}))

    def github(self, event: str, payload: Any, secret: str = SECRETS[0]) -> httpx.Response:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.post("/v1/webhooks/github", raw, {"x-github-event": event} | signature(raw, secret))

    def topic(self, topic: str) -> list[Record]:
        return [record for record in self.sink.messages if record.topic == topic]


def signature(raw: bytes, secret: str) -> dict[str, str]:
    return {"x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), raw, "sha256").hexdigest()}


def default_access() -> dict[str, Any]:
    return {
        "tokens": [
            {"name": "local", "sha256": digest(TOKEN), "scopes": ["events", "gateway"]},
            {"name": "ci", "sha256": digest(EVENTS_ONLY), "scopes": ["events"]},
        ],
        "github": {"secrets": list(SECRETS)},
    }


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def service_event(name: str = "pay", id_: str = "1") -> dict[str, Any]:
    """A catalog event as a CloudEvent."""
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "//tests",
        "type": "adoption.service.v1",
        "time": "2026-03-01T10:00:00+02:00",
        "subject": name,
        "data": {"service": name},
    }


def deployment_status() -> dict[str, Any]:
    """A GitHub deployment_status payload, written by hand, with the fields that matter."""
    return {
        "deployment_status": {
            "id": 11,
            "state": "success",
            "environment": "production",
            "created_at": "2026-03-01T10:00:00Z",
            "updated_at": "2026-03-01T10:00:00Z",
            "creator": {"login": "octo"},
        },
        "deployment": {
            "id": 7,
            "sha": "a" * 40,
            "ref": "main",
            "environment": "production",
            "created_at": "2026-03-01T09:59:00Z",
            "updated_at": "2026-03-01T10:00:00Z",
        },
        "repository": {
            "id": 42,
            "full_name": "acme/pay",
            "default_branch": "main",
            "html_url": "https://github.com/acme/pay",
        },
    }


def kong(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A record of Kong's http-log."""
    return {
        "request": {"id": f"{number:032x}", "method": "GET", "uri": f"/orders/{number}", "size": 100},
        "response": {"status": 200, "size": 900},
        "latencies": {"request": 12, "proxy": 10, "kong": 2},
        "service": {"name": "orders"},
        "route": {"name": "orders", "paths": ["/orders"]},
        "consumer": {"username": "shop"},
        "started_at": 1_767_225_600_000 + number,
    } | changes

"""The demo's sender is a careful vendor: waits when asked, sends again what got no answer, stops when refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import click
import pytest

from deploy.local.demo import command
from deploy.local.demo.sending import Post, Receipts, SendError, send

Reply = Callable[[int, bytes], bytes | None]
"""(number of the request, body) -> answer as it goes over the wire; None: the connection is cut."""


def answer(status: str, body: object = None, *headers: str) -> bytes:
    text = json.dumps({} if body is None else body).encode()
    head = [f"HTTP/1.1 {status}", f"content-length: {len(text)}", *headers, "", ""]
    return "\r\n".join(head).encode() + text


TAKEN = answer("202 Accepted", {"receipt": "r", "accepted": 1, "ignored": {}, "dead_lettered": {}})


@asynccontextmanager
async def service(reply: Reply) -> AsyncIterator[str]:
    count = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))
                count += 1
                said = reply(count, await reader.readexactly(length))
                if said is None:
                    break
                writer.write(said)
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def run(reply: Reply, posts: int) -> tuple[Receipts, int]:
    done = 0

    def advance(number: int) -> None:
        nonlocal done
        done += number

    async def session() -> Receipts:
        async with service(reply) as url:
            return await send(url, (Post("/v1/x", b"%d" % number, {}) for number in range(posts)), advance)

    return asyncio.run(session()), done


def test_every_post_is_sent_once_and_counted() -> None:
    bodies: list[bytes] = []

    def reply(_: int, body: bytes) -> bytes:
        bodies.append(body)
        return TAKEN

    receipts, done = run(reply, 100)
    assert sorted(bodies) == sorted(b"%d" % number for number in range(100))
    assert (receipts.posts, receipts.accepted, receipts.waited, done) == (100, 100, 0, 100)


def test_a_busy_service_is_asked_again_when_it_said() -> None:
    busy = answer("503 Service Unavailable", None, "retry-after: 0")
    receipts, _ = run(lambda number, _: busy if number <= 3 else TAKEN, 5)
    assert (receipts.posts, receipts.waited) == (5, 3)


def test_what_got_no_answer_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.demo.sending.LOST_PAUSE", 0.0)
    receipts, _ = run(lambda number, _: None if number == 2 else TAKEN, 5)
    assert (receipts.posts, receipts.waited) == (5, 1)


def test_a_refusal_ends_it_and_says_what_the_service_said() -> None:
    with pytest.raises(SendError, match=r"expected 202 from /v1/x, got 401 .*wrong signature"):
        run(lambda *_: answer("401 Unauthorized", {"detail": "wrong signature"}), 5)


def test_the_demo_empties_its_own_folder_only(tmp_path: Path) -> None:
    own = tmp_path / "own"
    command._make_anew(own, 7)
    (own / "engine").mkdir()
    command._make_anew(own, 8)
    assert [path.name for path in own.iterdir()] == ["demo.json"]
    (tmp_path / "letters").touch()
    with pytest.raises(click.ClickException, match="did not make"):
        command._make_anew(tmp_path, 7)
    assert (tmp_path / "letters").exists()

"""`adoption source`: what to enter at a vendor, the access file, a payload tried, the first event waited for."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from producers.http.auth import Access
from producers.source.arrivals import Arrivals, NoAnswerError
from producers.source.command import source
from producers.source.setups import names, sender
from producers.sources import setup
from producers.sources.lines import FORMATS
from producers.sources.registry import SOURCES
from schemas.settings import settings

EXAMPLES = Path(__file__).parents[1] / "examples"
SETUPS = Path(__file__).parents[2] / "producers" / "sources" / "setup"
URL = "https://adoption.example"


@pytest.fixture(autouse=True)
def unreachable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No service, no access file but what a test says."""
    monkeypatch.setenv("ADOPTION_INGEST_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ADOPTION_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()


def run(*arguments: str, exit_code: int = 0, **options: Any) -> Result:
    result = CliRunner().invoke(source, list(arguments), **options)
    assert result.exit_code == exit_code, result.output
    return result


@pytest.mark.parametrize("name", names())
def test_everything_that_can_send_has_a_text_with_its_address_and_secret(name: str) -> None:
    text = sender(name).text(URL, "THE-SECRET")
    assert "THE-SECRET" in text
    assert URL in text or "//adoption:THE-SECRET@adoption.example/v1/" in text or name in FORMATS
    assert not re.search(r"@[A-Z_]+@", text), "a mark that nothing fills in"
    assert len(text.splitlines()) < 80


def test_no_text_is_left_of_a_source_that_is_gone() -> None:
    assert {path.stem for path in SETUPS.glob("*.md")} <= {"emit", *SOURCES}
    assert setup.__doc__


def test_a_signing_vendors_secret_is_made_once_and_written_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "access.json"
    first = run("add", "github", "--url", URL, "--access", str(file), "--write").stdout
    (secret,) = Access(file).file.secrets("github")
    assert secret in first
    assert f"{URL}/v1/webhooks/github" in first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = run("add", "github", "--url", URL, "--access", str(file), "--write").stdout
    assert secret in again
    assert Access(file).file.secrets("github") == (secret,)


def test_a_rotated_secret_stands_beside_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "access.json"
    file.write_text(json.dumps({"github": {"secrets": ["old"]}}))
    shown = run("add", "github", "--access", str(file), "--rotate", "--write").stdout
    new, old = Access(file).file.secrets("github")
    assert (new in shown, old) == (True, "old")


def test_without_write_the_file_stays_and_what_it_needs_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "access.json"
    shown = run("add", "argocd", "--url", URL, "--access", str(file)).stdout
    entry = json.loads(shown.splitlines()[-1])
    assert entry["tokens"][0]["scopes"] == ["events"]
    assert not file.exists()


def test_a_token_is_shown_once_and_its_digest_kept(tmp_path: Path) -> None:
    file = tmp_path / "access.json"
    file.write_text(json.dumps({"tokens": [{"name": "ci", "sha256": "0" * 64, "scopes": ["events"]}]}))
    shown = run("add", "kong", "--access", str(file), "--write").stdout
    token = next(line for line in shown.splitlines() if "Bearer" in line).rpartition(" ")[2]
    assert Access(file).token(f"Bearer {token}", "gateway").name == "kong"
    assert hashlib.sha256(token.encode()).hexdigest() in file.read_text()
    assert token not in file.read_text()
    assert [one.name for one in Access(file).file.tokens] == ["ci", "kong"]


def test_a_log_gets_a_token_and_the_line_that_ships_it(tmp_path: Path) -> None:
    shown = run("add", "haproxy", "--access", str(tmp_path / "access.json"), "--write").stdout
    assert "adoption tail /path/to/access.log --format haproxy --zone" in shown


def test_a_secret_that_the_vendor_shows_is_given_to_us(tmp_path: Path) -> None:
    file = tmp_path / "access.json"
    assert "shown by the vendor" in run("add", "buildkite", "--access", str(file), "--write").stdout
    assert not file.exists()
    run("add", "buildkite", "--access", str(file), "--secret", "theirs", "--write")
    assert Access(file).file.secrets("buildkite") == ("theirs",)


def test_a_signing_token_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "access.json"
    run("add", "gitlab", "--access", str(file), "--secret", "whsec_???", "--write", exit_code=1)
    assert not file.exists()
    good = "whsec_" + base64.b64encode(b"key").decode()
    run("add", "gitlab", "--access", str(file), "--secret", good, "--write")
    assert Access(file).file.secrets("gitlab") == (good,)


def test_an_access_file_that_is_none_is_said_to_be(tmp_path: Path) -> None:
    file = tmp_path / "access.json"
    file.write_text('{"tokens": 1}')
    assert "expected an access file" in run("add", "github", "--access", str(file), exit_code=1).output
    assert "which file" in run("add", "github", "--write", exit_code=2).output
    assert "expected one of" in run("add", "gothub", exit_code=2).output


def test_a_payload_is_tried_and_nothing_sent() -> None:
    file = str(EXAMPLES / "github" / "deployment_status_succeeded.json")
    shown = run("test", "github", file, "--header", "X-GitHub-Event: deployment_status").stdout
    assert shown.startswith("adoption.deployment.v1 at 2024-05-02T09:44:00+00:00, github.com/acme/pay\n")
    assert "    status: success" in shown
    (event,) = json.loads(run("test", "github", file, "--json").stdout)["events"]
    assert event["data"]["environment"] == "production"


def test_what_is_refused_says_why_and_fails() -> None:
    refused = run("test", "github", "-", input='{"deployment": {}, "deployment_status": {}}', exit_code=1)
    assert "rejected: missing_field: expected repository" in refused.stdout
    assert "rejected: malformed_json" in run("test", "github", "-", input="{", exit_code=1).stdout
    assert "ignored: github:ping (1)" in run("test", "github", "-", input='{"zen": "x"}').stdout


def test_records_and_logs_are_tried_too() -> None:
    shown = run("test", "kong", str(EXAMPLES / "kong" / "request.json")).stdout
    assert "GET pay /v1/payments -> 200 (ok) in 173 ms for checkout" in shown
    line = '10.0.0.1 - - [10/Oct/2024:13:55:36 +0000] "GET /a HTTP/1.1" 200 5 "-" "curl/8"\n'
    rows = json.loads(run("test", "combined", "-", "--service", "web", "--json", input=line * 3).stdout)["rows"]
    assert [row["service"] for row in rows] == ["web"] * 3
    assert "emit --dry-run" in run("test", "emit", "-", input="", exit_code=2).output


def test_the_list_stands_without_a_service() -> None:
    shown = run("list")
    assert [line.split()[0] for line in shown.stdout.splitlines()] == names()
    assert "what came is not known" in shown.stderr
    assert {one["name"] for one in json.loads(run("list", "--json").stdout)} == set(names())


def test_the_list_says_what_came_where_the_service_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    kong = tally(accepted=1200, became={"requests": 1200}, refused={"unauthorized": 2}) | {"is_configured": True}
    gitlab = tally() | {"is_configured": False}
    came = {"kong": kong, "gitlab": gitlab, "batches": kong}
    monkeypatch.setattr(Arrivals, "all", lambda _: came)
    lines = {line.split()[0]: line for line in run("list").stdout.splitlines()}
    assert lines["kong"].endswith("1,200 accepted, 2 refused")
    assert lines["gitlab"].endswith("not configured")
    assert lines["haproxy"].endswith("token (gateway)"), "what all logs ship is counted together"


def tally(**changed: Any) -> dict[str, Any]:
    nothing = {"accepted": 0, "became": {}, "ignored": {}, "dead_lettered": {}, "refused": {}, "last_event": None}
    return {"name": "github", **nothing, **changed}


def arrivals(*answers: dict[str, Any], status: int = 200) -> tuple[Arrivals, Callable[[], float]]:
    """A service that gives these tallies one after the other, and a clock that each pause moves."""
    said = iter(answers)
    now = [0.0]

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer token"
        return httpx.Response(status, json={"sources": [next(said)]})

    def sleep(seconds: float) -> None:
        now[0] += seconds

    made = Arrivals(URL, "token", transport=httpx.MockTransport(answer), sleep=sleep, clock=lambda: now[0])
    return made, lambda: now[0]


def test_the_first_event_is_waited_for_and_refusals_are_told_meanwhile() -> None:
    first = tally(became={"adoption.push.v1": 5})
    wrong = tally(became={"adoption.push.v1": 5}, refused={"unauthorized": 1})
    good = tally(
        became={"adoption.push.v1": 5, "adoption.deployment.v1": 1},
        refused={"unauthorized": 1},
        last_event="2026-03-01T10:00:00+00:00",
    )
    waiting, clock = arrivals(first, first, wrong, good)
    with waiting:
        said = list(waiting.until_first("github", 60))
    assert said == [
        "refused 1: unauthorized: the token or secret there is not the one in the access file",
        "accepted: 1 adoption.deployment.v1, the latest of 2026-03-01T10:00:00+00:00",
    ]
    assert clock() == 3


def test_waiting_ends() -> None:
    waiting, _ = arrivals(*[tally()] * 10)
    with waiting, pytest.raises(NoAnswerError, match="nothing of github was understood within 3 s"):
        list(waiting.until_first("github", 3))


def test_a_service_that_began_anew_counts_from_nothing() -> None:
    waiting, _ = arrivals(tally(ignored={"github:ping": 7}), tally(ignored={"github:ping": 1}))
    with waiting:
        assert list(waiting.until_first("github", 60)) == [
            "ignored 1: github:ping: it arrives, and is none of our business"
        ]


def test_a_wrong_token_is_told() -> None:
    waiting, _ = arrivals(tally(), status=401)
    with waiting, pytest.raises(NoAnswerError, match="ADOPTION_INGEST_TOKEN"):
        waiting.all()

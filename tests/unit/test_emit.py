"""`adoption emit`: one line in a CI step becomes one contract event, and never fails the job."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from producers.ci import step_of
from producers.emit import post
from producers.emit.command import emit
from producers.emit.events import deployment, event_id, is_repeatable
from producers.emit.post import NotSentError, Target, send, target
from producers.http.cloudevents import STRUCTURED, read
from producers.sources.common import Context
from producers.sources.identity import actor
from schemas import base
from schemas.delivery import CiRun, Deployment, Incident, Push
from schemas.envelope import Event
from schemas.settings import Settings
from tests.support.clone import Clone

SHA = "9fceb02d0ae598e95dc970b74767f19372d61af8"
CI_VARIABLES = (
    "GITHUB_RUN_ID",
    "CI_PIPELINE_ID",
    "BUILD_BUILDID",
    "CIRCLE_SHA1",
    "BUILDKITE_JOB_ID",
    "BITBUCKET_PIPELINE_UUID",
    "BUILD_TAG",
)
GITHUB = {
    "GITHUB_RUN_ID": "1658821493",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_SHA": SHA,
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "Acme/Pay",
    "GITHUB_REPOSITORY_ID": "1296269",
    "GITHUB_WORKFLOW": "Deploy",
}


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*CI_VARIABLES, "ADOPTION_INGEST_URL", "ADOPTION_INGEST_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ADOPTION_DATA_DIR", str(tmp_path))


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GITHUB.items():
        monkeypatch.setenv(name, value)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(emit, arguments)


def event_of(*arguments: str) -> Event:
    """The event that a command prints, read as strictly as the ingest service does."""
    result = run("--dry-run", "--strict", *arguments)
    assert result.exit_code == 0, result.output
    (event,) = read(STRUCTURED, {}, result.stdout.encode()).events
    return event


@pytest.mark.usefixtures("github")
def test_in_a_ci_step_one_line_tells_a_whole_deployment() -> None:
    event = event_of("deployment", "--service", "pay", "--environment", "production", "--version", "1.4.0")

    assert isinstance(event.data, Deployment)
    assert event.source == "//adoption/emit"
    assert event.subject == "github.com/acme/pay"
    assert (event.data.deployment_id, event.data.commit, event.data.status) == ("github:1658821493.2", SHA, "success")
    assert event.data.repository is not None
    assert (event.data.repository.id, event.data.repository.name) == ("github.com:1296269", "github.com/acme/pay")
    assert event.data.url == "https://github.com/Acme/Pay/actions/runs/1658821493"


@pytest.mark.usefixtures("github")
def test_a_retried_step_is_the_same_event_and_a_job_run_again_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    step = ("deployment", "--service", "pay", "--environment", "production")
    first, retried = event_of(*step, "--at", "2026-01-05T10:00:00Z"), event_of(*step, "--at", "2026-01-05T10:00:09Z")
    failed = event_of(*step, "--status", "failure")
    monkeypatch.setenv("GITHUB_RUN_ATTEMPT", "3")
    again = event_of(*step)

    assert first.id == retried.id
    assert len({first.id, failed.id, again.id}) == 3


def test_without_a_ci_system_the_id_is_a_digest_of_what_was_given() -> None:
    step = ("deployment", "--service", "pay", "--environment", "production")

    assert event_of(*step, "--version", "1").id == event_of(*step, "--version", "1").id
    assert event_of(*step, "--version", "1").id != event_of(*step, "--version", "2").id
    assert "counts" in run("--dry-run", *step).stderr
    assert not is_repeatable({"service": "pay"}, None)
    at_ten, at_noon = (deployment({"service": "pay", "status": "success"}, None, at) for at in ("10:00", "12:00"))
    assert at_ten["id"] != at_noon["id"]


@pytest.mark.parametrize(
    "command",
    [
        ("deployment", "--deployment-id", "12", "--environment", "production"),
        ("ci-run", "--run-id", "12", "--outcome", "success"),
        ("incident", "--incident-id", "12"),
    ],
)
def test_number_twelve_of_one_repository_or_service_is_not_that_of_another(command: tuple[str, ...]) -> None:
    places = (
        ("--repository", "git.example/acme/left"),
        ("--repository", "git.example/acme/right"),
        ("--service", "left"),
        ("--service", "right"),
    )
    assert len({event_of(*command, *place).id for place in places}) == 4
    assert event_of(*command, *places[0]).id == event_of(*command, *places[0]).id


def test_a_deployment_lists_the_commits_since_the_one_before(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay")
    before = clone.commit("Begin")
    one = clone.commit("One, by ada@example.org")
    two = clone.commit("Two", author="renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>")

    event = event_of(
        "deployment", "--service", "pay", "--previous", before, "--clone", str(clone.path), "--version", "2"
    )

    assert isinstance(event.data, Deployment)
    assert event.data.commit == two
    assert event.data.commits is not None
    assert [(c.sha, c.parents, c.clock, c.is_bot) for c in event.data.commits] == [
        (one, 1, "committer", False),
        (two, 1, "committer", True),
    ]
    assert event.data.commits[0].author == actor(Context(salt=b"adoption"), "ada@example.org")
    assert event.data.commits[0].title == "One, by [email]"


def test_nothing_new_since_the_one_before_is_said_and_an_unknown_one_is_not(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay")
    head = clone.commit("Begin")
    step = ("deployment", "--service", "pay", "--version", "2", "--clone", str(clone.path), "--previous")

    empty, unknown = event_of(*step, head), run("--dry-run", *step, "--output=x")

    assert empty.data.commits == ()  # type: ignore[union-attr]
    assert "commits" not in json.loads(unknown.stdout)["data"]
    assert "sent without its commits" in unknown.stderr


@pytest.mark.usefixtures("github")
def test_a_ci_run_is_its_run_and_attempt() -> None:
    event = event_of("ci-run", "--outcome", "success", "--at", "2026-01-05T10:00:00Z")

    assert isinstance(event.data, CiRun)
    assert (event.data.run_id, event.data.attempt, event.data.name) == ("github:1658821493", 2, "Deploy")
    assert (event.data.state, event.data.finished_at) == ("finished", event.time)


def test_an_incident_may_be_resolved_twice_when_its_times_are_given() -> None:
    state = ("incident", "--incident-id", "INC-7", "--service", "pay", "--state", "resolved")
    first, second = event_of(*state, "--at", "2026-01-05T10:00:00Z"), event_of(*state, "--at", "2026-01-06T10:00:00Z")

    assert isinstance(first.data, Incident)
    assert first.subject == "INC-7"
    assert first.id != second.id
    assert event_of(*state).id == event_of(*state).id


@pytest.mark.usefixtures("github")
def test_a_change_is_a_push_of_the_commits_between(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay")
    before, after = clone.commit("Begin"), clone.commit("One")

    event = event_of("change", "--before", before, "--after", after, "--clone", str(clone.path))

    assert isinstance(event.data, Push)
    assert (event.data.ref, event.data.before, event.data.after) == ("refs/heads/main", before, after)
    assert [commit.sha for commit in event.data.commits] == [after]


@pytest.mark.parametrize(
    ("environ", "step"),
    [
        (GITHUB, "github:1658821493.2"),
        ({"CI_PIPELINE_ID": "7", "CI_JOB_ID": "8", "CI_PROJECT_PATH": "Acme/Pay"}, "gitlab:7.8"),
        ({"BUILD_BUILDID": "9", "SYSTEM_JOBATTEMPT": "2"}, "azure:9.2"),
        ({"CIRCLE_SHA1": SHA, "CIRCLE_WORKFLOW_JOB_ID": "w"}, "circleci:w"),
        ({"BUILDKITE_JOB_ID": "j"}, "buildkite:j"),
        ({"BITBUCKET_PIPELINE_UUID": "{p}", "BITBUCKET_STEP_UUID": "{s}"}, "bitbucket:{p}.{s}.1"),
        ({"BUILD_TAG": "jenkins-pay-12", "GIT_URL": "git@github.com:acme/pay.git"}, "jenkins:jenkins-pay-12"),
        ({"HOME": "/root"}, None),
    ],
)
def test_ci_systems_tell_the_step_in_their_own_variables(environ: dict[str, str], step: str | None) -> None:
    found = step_of(environ)

    assert (found.step if found else None) == step


@pytest.mark.parametrize(
    "arguments",
    [
        ("deployment", "--service"),
        ("deployment", "--no-such-option", "x"),
        ("--no-such-option", "deployment"),
        ("no-such-command",),
        ("deployment", "--at", "yesterday"),
        ("change", "--service", "pay"),
        ("ci-run",),
    ],
)
def test_whatever_is_wrong_the_job_goes_on_unless_it_is_strict(arguments: tuple[str, ...]) -> None:
    gentle, strict = run(*arguments), run(*arguments, "--strict")

    assert gentle.exit_code == 0
    assert "warning: nothing was sent" in gentle.stderr
    assert strict.exit_code == 1
    assert strict.stderr.startswith("Error:")


class Edge(HTTPServer):
    """Answers with the given statuses, one after the other, and keeps what it got."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.got: list[tuple[dict[str, str], Any]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Edge

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers), json.loads(body)))
        status = self.server.statuses.pop(0)
        self.send_response(status)
        if status == 302:
            self.send_header("location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()
        self.wfile.write(b'{"receipt": "r-1"}' if status == 202 else b'{"message": "data.status: expected ..."}')

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def edge() -> Iterator[Edge]:
    with Edge() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def to(edge: Edge) -> Target:
    return Target(f"http://127.0.0.1:{edge.server_address[1]}", "a-token", b"salt")


def test_it_is_sent_with_the_token_and_tried_again_while_the_service_is_busy(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "_PAUSE", 0.01)
    edge.statuses = [503, 202]

    receipt = send({"id": "1"}, to(edge), seconds=5)

    assert receipt == {"receipt": "r-1"}
    headers, body = edge.got[1]
    assert (headers["Authorization"], headers["Content-Type"]) == ("Bearer a-token", "application/cloudevents+json")
    assert body == {"id": "1"}


@pytest.mark.parametrize(("status", "said"), [(422, "data.status: expected"), (401, "401"), (302, "302")])
def test_a_refusal_is_told_with_its_reason_and_not_tried_again(edge: Edge, status: int, said: str) -> None:
    edge.statuses = [status, 202]

    with pytest.raises(NotSentError, match=said):
        send({}, to(edge), seconds=5)
    assert len(edge.got) == 1


def test_the_command_sends_and_shows_the_receipt(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    edge.statuses = [202]
    monkeypatch.setenv("ADOPTION_INGEST_URL", to(edge).url)

    result = run("deployment", "--service", "pay", "--environment", "production", "--version", "1", "--strict")

    assert result.exit_code == 0, result.output
    assert "receipt r-1" in result.stdout
    assert edge.got[0][1]["data"]["service"] == "pay"


def test_nobody_there_is_a_warning_within_the_time_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADOPTION_INGEST_URL", "http://127.0.0.1:1")

    result = run("--timeout", "0.1", "deployment", "--service", "pay", "--version", "1")

    assert result.exit_code == 0
    assert "127.0.0.1:1/v1/events" in result.stderr


def test_settings_are_those_that_everything_else_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stack.json").write_text('{"ingest_url": "http://127.0.0.1:7", "ingest_token": "t", "actor_salt": "s"}')
    monkeypatch.setenv("ADOPTION_INGEST_TOKEN", "from the environment")

    settings = Settings()

    assert settings.ingest_token is not None
    assert target() == Target(
        settings.ingest_url,
        settings.ingest_token.get_secret_value(),
        settings.actor_salt.get_secret_value().encode(),
    )


def test_ids_are_those_of_the_contracts() -> None:
    assert event_id("emit", "a", 1, None, "ä") == base.event_id("emit", "a", 1, None, "ä")


def test_the_command_imports_neither_contracts_nor_a_client() -> None:
    heavy = ("pydantic", "httpx", "pyarrow", "polars", "yaml")
    code = (
        "import sys; from producers.emit.command import emit; import producers.emit.post, producers.cli; "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"

"""CircleCI's webhook: given ends of workflows, expected runs."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.circleci import map_payload
from producers.sources.common import Context, Rejected
from producers.sources.identity import actor
from schemas.delivery import CiRun, Repository

EXAMPLES = Path(__file__).parents[2] / "examples" / "circleci"
CONTEXT = Context(salt=b"salt")
C, D = "c3" * 20, "d4" * 20


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, CONTEXT)


def one(name):
    (event,) = mapped(load(name)).events
    return event


def test_a_workflow_of_github():
    event = one("success")
    began, ended = (
        datetime(2024, 5, 1, 10, 0, 0, 250_000, tzinfo=UTC),
        datetime(2024, 5, 1, 10, 6, 0, 500_000, tzinfo=UTC),
    )
    assert (event.source, event.time, event.subject) == ("//app.circleci.com", ended, "github.com/acme/pay")
    assert event.data == CiRun(
        provider="circleci",
        repository=Repository(name="github.com/acme/pay"),
        actor=actor(CONTEXT, "ada@acme.example"),
        url="https://app.circleci.com/pipelines/github/acme/pay/20/workflows/w-1",
        run_id="w-1",
        name="build",
        ref="main",
        commit=C,
        state="finished",
        outcome="success",
        started_at=began,
        finished_at=ended,
    )


def test_the_other_layout_of_what_was_built():
    run = one("gitlab").data
    assert (run.repository, run.commit, run.ref) == (Repository(name="gitlab.example/acme/pay"), D, "main")
    assert run.actor == actor(CONTEXT, "ada")


def test_githubs_app_names_owner_and_repository():
    payload = load("gitlab")
    app = {"owner": "Acme", "repo_name": "Pay", "commit_sha": D, "branch": "main", "user_username": "ada"}
    payload["pipeline"]["trigger_parameters"] = {"github_app": app}
    run = mapped(payload).events[0].data
    assert (run.repository, run.commit, run.ref) == (Repository(name="github.com/acme/pay"), D, "main")


@pytest.mark.parametrize(
    ("name", "outcome"), [("failed", "failure"), ("canceled", "cancelled"), ("unauthorized", "error")]
)
def test_a_workflow_that_did_not_succeed(name, outcome):
    assert one(name).data.outcome == outcome


def test_a_tag():
    assert one("tag").data.ref == "refs/tags/v1.4.0"


def test_a_workflow_run_again_is_another_run_that_did_not_wait_since_the_push():
    failed, retried = one("failed"), one("retried")
    assert failed.data.run_id != retried.data.run_id
    assert retried.data.queued_at is None
    assert retried.data.started_at == datetime(2024, 5, 1, 11, tzinfo=UTC)


def test_a_delivery_that_comes_twice_is_one_event():
    again = load("success") | {"id": "another", "happened_at": "2024-05-01T10:07:00Z"}
    assert mapped(again) == mapped(load("success"))


def test_jobs_and_pings_are_left_out():
    assert mapped(load("job")).ignored == ("circleci:job-completed",)
    assert mapped({"type": "ping", "id": "1"}).ignored == ("circleci:ping",)


def test_a_status_that_circleci_does_not_have_is_refused():
    payload = load("success")
    payload["workflow"]["status"] = "splendid"
    with pytest.raises(Rejected, match="unknown_status"):
        mapped(payload)


def test_a_pipeline_without_a_commit_is_a_run_all_the_same():
    payload = load("success")
    del payload["pipeline"]["vcs"]
    (event,) = mapped(payload).events
    assert (event.subject, event.data.repository, event.data.commit) == ("github/acme/pay", None, None)

"""GitHub's webhooks: given payloads, expected contract events."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context, Mapped, Rejected
from producers.sources.github.mapper import map_payload
from producers.sources.identity import actor
from schemas.delivery import CiRun, Deployment, Merge, Push

EXAMPLES = Path(__file__).parents[1] / "examples" / "github"
CONTEXT = Context(salt=b"salt")
A, B, C = "a1" * 20, "b2" * 20, "c3" * 20


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload, event=None) -> Mapped:
    return map_payload(payload, {"x-github-event": event} if event else {}, CONTEXT)


def one(name):
    (event,) = mapped(load(name)).events
    return event


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_push_is_a_push_with_its_commits():
    event = one("push")
    push = event.data
    assert isinstance(push, Push)
    assert (event.source, event.subject, event.mapperrevision) == ("//github.com", "github.com/acme/pay", 3)
    assert event.time == at("2024-05-02T09:15:30Z")  # repository.pushed_at, an epoch
    assert push.repository.model_dump() == {
        "id": "github.com:4711",
        "name": "github.com/acme/pay",
        "default_branch": "main",
    }
    assert (push.ref, push.before, push.after, push.forced, push.is_truncated) == (
        "refs/heads/main",
        A,
        C,
        False,
        False,
    )
    first, merge = push.commits
    assert first.committed_at == at("2024-05-02T09:10:00Z")
    assert first.clock == "unknown"
    assert first.title == "Charge cards in their own currency (#12)"
    assert first.paths == ("services/pay/currency.py", "services/pay/charge.py")
    assert first.author == actor(CONTEXT, "ada") == push.actor
    assert merge.paths == ("services/pay/charge.py", "services/pay/legacy.py")
    assert merge.parents is None
    assert not merge.is_bot  # GitHub's web-flow committed what a person merged


def test_a_tag_that_is_made_has_no_before_and_a_branch_that_goes_has_no_after():
    tag = one("push_tag_created").data
    assert (tag.ref, tag.before, tag.after, tag.commits) == ("refs/tags/v1.4.0", None, C, ())
    gone = one("push_branch_deleted").data
    assert (gone.ref, gone.before, gone.after) == ("refs/heads/currency", B, None)


def test_a_robots_forced_push_is_flagged():
    push = one("push_forced_by_bot").data
    assert push.forced
    assert push.is_bot
    assert push.commits[0].is_bot


def test_a_push_without_the_servers_time_takes_the_head_commits():
    payload = load("push")
    del payload["repository"]["pushed_at"]
    assert mapped(payload).events[0].time == at("2024-05-02T09:15:25Z")
    payload["head_commit"] = None
    with pytest.raises(Rejected, match="missing_field"):
        mapped(payload)


@pytest.mark.parametrize(
    ("count", "size", "is_truncated"),
    [(2, None, False), (2, 3, True), (20, None, True), (21, None, False), (2048, None, True)],
)
def test_a_list_that_github_cut_is_flagged(count, size, is_truncated):
    payload = load("push")
    head = payload["commits"][-1]
    payload["commits"] = [{**head, "id": f"{n:040x}"} for n in range(1, count)] + [head]
    payload["size"] = size
    assert mapped(payload).events[0].data.is_truncated is is_truncated


def test_a_list_without_the_head_is_cut():
    payload = load("push")
    payload["commits"] = payload["commits"][:1]
    assert mapped(payload).events[0].data.is_truncated


def test_a_huge_push_fits_a_record_by_saying_less():
    payload = load("push")
    head = {**payload["commits"][-1], "added": [f"generated/{n}/{'x' * 200}.py" for n in range(20)]}
    payload["commits"] = [{**head, "id": f"{n:040x}"} for n in range(1, 2048)] + [head]
    push = mapped(payload).events[0].data
    assert len(push.model_dump_json()) < 1_000_000
    assert len(push.commits) == 2048
    assert {commit.paths for commit in push.commits} == {None}


def test_a_zero_date_of_a_commit_is_unknown():
    payload = load("push")
    payload["commits"][0]["timestamp"] = "1970-01-01T00:00:00Z"
    assert mapped(payload).events[0].data.commits[0].committed_at is None


@pytest.mark.parametrize(
    ("name", "state", "outcome", "time"),
    [
        ("workflow_run_requested", "queued", None, "2024-05-02T09:15:32Z"),
        ("workflow_run_in_progress", "started", None, "2024-05-02T09:15:50Z"),
        ("workflow_run_failed", "finished", "failure", "2024-05-02T09:20:00Z"),
        ("workflow_run_cancelled", "finished", "cancelled", "2024-05-02T09:16:40Z"),
        ("workflow_run_timed_out", "finished", "timed_out", "2024-05-02T15:15:40Z"),
    ],
)
def test_a_workflow_run_at_its_states(name, state, outcome, time):
    event = one(name)
    run = event.data
    assert isinstance(run, CiRun)
    assert (run.run_id, run.attempt, run.name, run.ref, run.commit) == ("9001", 1, "build", "main", C)
    assert (run.state, run.outcome, event.time) == (state, outcome, at(time))
    assert run.queued_at == at("2024-05-02T09:15:32Z")
    assert run.finished_at == (at(time) if state == "finished" else None)
    assert run.template == "Acme/platform-ci/.github/workflows/service.yml"
    # run_started_at is when it was queued; that it runs is what in_progress says.
    assert run.started_at == (at(time) if state == "started" else None)


def test_a_rerun_keeps_its_id_and_is_another_attempt():
    first, again = one("workflow_run_failed"), one("workflow_run_rerun_succeeded")
    assert (again.data.run_id, again.data.attempt, again.data.outcome) == ("9001", 2, "success")
    assert again.id != first.id
    assert again.data.queued_at is None  # created_at is the first attempt's
    assert again.data.started_at == at("2024-05-02T09:30:00Z")
    assert again.data.actor == actor(CONTEXT, "bob")


def test_an_unknown_conclusion_is_refused():
    payload = load("workflow_run_failed")
    payload["workflow_run"]["conclusion"] = "exploded"
    with pytest.raises(Rejected, match="unknown_conclusion"):
        mapped(payload)


@pytest.mark.parametrize("name", ["workflow_job", "check_run", "check_suite"])
def test_other_grains_of_ci_are_ignored(name):
    payload = {"action": "completed", name: {"id": 1}, "repository": load("push")["repository"]}
    assert mapped(payload, name) == Mapped(ignored=(f"github:{name}",))


def test_a_pull_request_from_opened_to_merged():
    opened = one("pull_request_opened")
    assert (opened.data.state, opened.time) == ("opened", at("2024-05-01T08:00:00Z"))
    assert opened.data.merge_commit is None  # a test merge
    assert opened.data.labels == {"hotfix": "true"}
    merged = one("pull_request_merged")
    merge = merged.data
    assert isinstance(merge, Merge)
    assert (merge.state, merge.number, merge.base_ref, merge.head_ref) == ("merged", 12, "main", "currency")
    assert (merge.head_commit, merge.merge_commit, merge.method) == (B, C, "squash")
    assert merged.time == merge.merged_at == at("2024-05-02T09:15:25Z")
    assert (merge.commit_count, merge.commits) == (1, None)
    assert merge.actor == actor(CONTEXT, "ada")
    assert merge.head_repository is None


def test_a_pull_request_closed_without_a_merge_is_abandoned():
    event = one("pull_request_abandoned")
    assert (event.data.state, event.data.merge_commit, event.data.merged_at) == ("closed", None, None)
    assert event.time == at("2024-05-03T10:00:00Z")


def test_a_fork_is_another_repository():
    merge = one("pull_request_synchronized_from_fork").data
    assert (merge.state, merge.commit_count) == ("updated", 3)
    assert merge.head_repository.name == "github.com/bob/pay"
    assert merge.repository.name == "github.com/acme/pay"


def test_a_review_is_the_first_one_or_an_approval():
    asked, approved = one("pull_request_review_changes_requested"), one("pull_request_review_approved")
    assert (asked.data.state, asked.data.first_review_at) == ("updated", at("2024-05-01T10:00:00Z"))
    assert (approved.data.state, approved.time) == ("approved", at("2024-05-01T15:30:00Z"))
    assert approved.data.commit_count is None  # a review's payload does not say


def test_reviews_by_the_author_or_a_robot_are_none():
    payload = load("pull_request_review_approved")
    payload["review"]["user"] = payload["pull_request"]["user"]
    assert mapped(payload).ignored == ("github:pull_request_review.own",)
    payload["review"]["user"] = {"login": "copilot[bot]", "type": "Bot"}
    assert mapped(payload).ignored == ("github:pull_request_review.bot",)


def test_a_deployment_is_asked_for_and_ends():
    asked, done = one("deployment"), one("deployment_status_succeeded")
    assert (asked.data.status, asked.time) == ("queued", at("2024-05-02T09:40:00Z"))
    deployment = done.data
    assert isinstance(deployment, Deployment)
    assert (deployment.deployment_id, deployment.environment, deployment.is_production) == ("7001", "production", True)
    assert (deployment.version, deployment.region, deployment.service) == ("1.4.0", "eu-west-1", None)
    assert (deployment.ref, deployment.commit, deployment.status) == ("main", C, "success")
    assert (deployment.tier, deployment.commits, deployment.is_rollback) == (None, None, None)
    assert (deployment.deployer, deployment.is_bot) == ("acme-deployer", True)
    assert deployment.url == "https://deploy.example.com/7001/log"
    assert done.time == at("2024-05-02T09:44:00Z")


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("deployment_status_pending_of_old", "queued"),
        ("deployment_status_in_progress", "started"),
        ("deployment_status_failed", "failure"),
        ("deployment_status_error", "error"),
        ("deployment_status_inactive", "inactive"),
    ],
)
def test_every_status_of_a_deployment(name, status):
    assert one(name).data.status == status


def test_an_old_payload_takes_the_deployments_environment_and_no_flag():
    deployment = one("deployment_status_pending_of_old").data
    assert (deployment.environment, deployment.is_production, deployment.version) == ("production", None, None)


def test_a_deployment_that_says_it_is_a_rollback():
    deployment = one("deployment_status_rolled_back").data
    assert (deployment.is_rollback, deployment.version, deployment.status) == (True, "1.3.9", "success")
    assert (deployment.ref, deployment.commit) == (None, A)  # a ref that is a commit is no branch


def test_a_release_is_one_deployment_of_an_unknown_tier():
    payload = load("release_published")
    event = mapped(payload).events[0]
    release = event.data
    assert (release.environment, release.tier, release.is_production) == (None, None, None)
    assert (release.version, release.release_id, release.ref) == ("v1.4.0", "v1.4.0", "refs/tags/v1.4.0")
    assert (release.commit, release.status) == (None, "success")  # target_commitish is a branch
    for action in ("created", "released", "prereleased", "edited", "deleted"):
        assert mapped({**payload, "action": action}).ignored == (f"github:release.{action}",)


def test_pings_and_events_of_no_interest_are_ignored():
    assert mapped(load("ping"), "ping").ignored == ("github:ping",)
    assert mapped({"action": "created"}, "star").ignored == ("github:star",)
    assert mapped({"anything": 1}).ignored == ("github:unknown",)
    assert mapped({"x": 1}, "Bad Header!").ignored == ("github:unnamed",)


@pytest.mark.parametrize("event", ["deployment_status", "star", "check_run"])
def test_a_header_that_disagrees_with_the_body_is_refused(event):
    with pytest.raises(Rejected, match="event_mismatch"):
        mapped(load("push"), event)


@pytest.mark.parametrize("header", ["X-Gitea-Event", "X-Gogs-Event", "x-forgejo-event"])
def test_lookalikes_of_github_are_refused(header):
    with pytest.raises(Rejected, match="foreign_forge"):
        map_payload(load("push"), {"X-GitHub-Event": "push", header: "push"}, CONTEXT)


def test_an_enterprise_host_is_its_own_source():
    payload = load("push")
    payload["repository"]["html_url"] = "https://GitHub.Acme.Example:8443/Acme/Pay"
    event = mapped(payload).events[0]
    assert event.source == "//github.acme.example:8443"
    assert event.data.repository.name == "github.acme.example/acme/pay"  # as its clones are named
    assert event.id != one("push").id


def test_a_renamed_repository_keeps_identities():
    payload = load("workflow_run_failed")
    payload["repository"] |= {"full_name": "Acme/Payments", "html_url": "https://github.com/Acme/Payments"}
    assert mapped(payload).events[0].id == one("workflow_run_failed").id


def test_two_hooks_that_fire_for_one_object_give_one_event():
    payload = load("deployment_status_succeeded")
    organisation = {**payload, "organization": {"login": "Acme"}, "installation": {"id": 5}}
    headers = {"X-GitHub-Event": "deployment_status", "X-GitHub-Delivery": "another"}
    assert map_payload(organisation, headers, CONTEXT).events == mapped(payload).events

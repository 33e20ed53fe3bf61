"""Webhooks of Gitea, Forgejo and Gogs: given payloads, expected contract events."""

import pytest

from producers.sources.common import Rejected
from producers.sources.gitea.mapper import map_payload
from producers.sources.identity import actor
from schemas.delivery import CiRun, Deployment, Merge, Push
from tests.support.source_examples import CONTEXT
from tests.support.vendor_examples import VendorExamples, at

FOUND = VendorExamples("gitea", map_payload)
A, B, C = "a1" * 20, "b2" * 20, "c3" * 20
NAMES = FOUND.names()


load, mapped, one, ignored = FOUND.load, FOUND.of, FOUND.one, FOUND.ignored


def test_a_push_has_its_commits_oldest_first_and_its_heads_time():
    event = one("push")
    push = event.data
    assert isinstance(push, Push)
    assert (event.source, event.subject, event.mapperrevision) == ("//git.example", "git.example/acme/pay", 1)
    assert push.repository.model_dump() == {
        "id": "git.example:4711",
        "name": "git.example/acme/pay",
        "default_branch": "main",
    }
    assert event.time == at("2024-05-02T09:15:25Z")
    assert (push.ref, push.before, push.after, push.is_truncated) == ("refs/heads/main", A, C, False)
    first, merge = push.commits
    assert (first.sha, first.title, first.committed_at) == (B, "Charge in euros", at("2024-05-02T09:10:00Z"))
    assert first.paths == ("src/euros.py", "src/charge.py")
    assert (first.author, merge.author) == (actor(CONTEXT, "ada"), actor(CONTEXT, "bea"))
    assert push.actor == merge.author


def test_a_list_that_was_cut_is_flagged():
    assert one("push_cut").data.is_truncated
    assert one("push_of_five_from_an_old_server").data.is_truncated  # it does not say how many there are


def test_refs_that_are_made_and_that_go():
    created, tag = one("push_branch_created"), one("push_tag_created").data
    assert (created.data.before, created.data.after, created.data.commits) == (None, B, ())
    assert created.time == at("2024-05-02T09:10:00Z")
    assert (tag.ref, tag.after) == ("refs/tags/v1.4.0", C)
    assert ignored("push_branch_deleted") == ("gitea:push.without_time",)


def test_a_pull_request_is_opened():
    event = one("pull_request_opened")
    merge = event.data
    assert isinstance(merge, Merge)
    assert (merge.number, merge.state, merge.base_ref, merge.head_ref, merge.head_commit) == (
        12,
        "opened",
        "main",
        "currency",
        B,
    )
    assert merge.title == "Charge in euros (mail [email])"
    assert merge.labels == {"hotfix": "true"}
    assert event.time == merge.opened_at == at("2024-05-01T08:00:00Z")


def test_a_merge_has_its_commit_and_its_time():
    event = one("pull_request_merged")
    assert event.time == event.data.merged_at == at("2024-05-02T09:15:27Z")
    assert (event.data.state, event.data.merge_commit) == ("merged", C)


def test_closed_without_a_merge_is_closed_when_it_was_updated():
    event = one("pull_request_closed")
    assert (event.data.state, event.data.merged_at) == ("closed", None)
    assert event.time == at("2024-05-02T09:15:28Z")


def test_a_fork_is_named():
    fork = one("pull_request_synchronized_from_a_fork").data.head_repository
    assert (fork.id, fork.name) == ("git.example:99", "git.example/bea/pay")
    assert one("pull_request_opened").data.head_repository is None


def test_a_review_is_by_another_person():
    for name, state in (("review_approved", "approved"), ("review_rejected", "updated")):
        event = one(name)
        assert (event.data.state, event.data.first_review_at) == (state, event.time)
    assert ignored("review_of_ones_own") == ("gitea:pull_request.reviewed.own",)


def test_a_release_names_no_environment():
    event = one("release_published")
    release = event.data
    assert isinstance(release, Deployment)
    assert (release.deployment_id, release.version, release.commit) == ("release:48", "v1.4.0", None)  # of a branch
    assert (release.environment, event.time) == (None, at("2024-05-02T09:30:05Z"))
    assert one("release_published_of_a_commit").data.commit == C
    assert ignored("release_updated") == ("gitea:release.updated",)


def test_a_workflow_run_is_a_ci_run():
    event = one("workflow_run_succeeded")
    run = event.data
    assert isinstance(run, CiRun)
    assert (run.run_id, run.attempt, run.name, run.ref, run.commit) == ("9001", 1, "CI", "main", C)
    assert (run.state, run.outcome, run.started_at) == ("finished", "success", at("2024-05-02T09:16:12Z"))
    assert event.time == run.finished_at == at("2024-05-02T09:20:12Z")
    assert run.actor == actor(CONTEXT, "bea")


def test_the_states_of_a_workflow_run():
    assert one("workflow_run_in_progress").data.state == "started"
    assert one("workflow_run_in_progress").data.finished_at is None  # year 1 is no end
    assert ignored("workflow_run_requested") == ("gitea:workflow_run.requested.without_time",)
    assert one("workflow_run_cancelled").data.outcome == "cancelled"
    assert one("workflow_run_cancelled").data.attempt == 1  # a server that counts none says 0


def test_a_rerun_is_another_attempt_of_the_same_run():
    failed, rerun = one("workflow_run_failed"), one("workflow_run_rerun_succeeded")
    assert (failed.data.run_id, failed.data.attempt, failed.data.outcome) == ("9002", 1, "failure")
    assert (rerun.data.run_id, rerun.data.attempt, rerun.data.outcome) == ("9002", 2, "success")


def test_forgejo_tells_of_ends():
    event = one("action_run_success")
    run = event.data
    assert (run.run_id, run.name, run.ref, run.commit, run.outcome) == ("77", "ci.yml", "main", C, "success")
    assert (run.queued_at, run.started_at) == (at("2024-05-02T09:16:00Z"), at("2024-05-02T09:16:12Z"))
    assert event.time == run.finished_at == at("2024-05-02T09:20:12Z")
    assert one("action_run_failure").data.outcome == "failure"
    assert one("action_run_failure_cancelled").data.outcome == "cancelled"


def test_forgejos_recover_is_the_success_of_the_same_run():
    payload = load("action_run_success") | {"action": "recover", "prior_status": "failure"}
    (event,) = map_payload(payload, {"X-Forgejo-Event": "action_run_recover"}, CONTEXT).events
    assert event == one("action_run_success")


def test_events_of_no_interest_are_ignored():
    assert ignored("workflow_job") == ("gitea:workflow_job",)
    assert ignored("create") == ("gitea:create",)
    assert ignored("pull_request_assigned") == ("gitea:pull_request.assigned",)
    assert map_payload({}, {}, CONTEXT).ignored == ("gitea:unnamed",)


def test_the_header_tells_github_apart():
    with pytest.raises(Rejected, match="foreign_forge"):
        map_payload(load("push"), {"x-github-event": "push"}, CONTEXT)


@pytest.mark.parametrize(
    ("name", "path", "value", "reason"),
    [
        ("workflow_run_failed", ("workflow_run", "conclusion"), "exploded", "unknown_conclusion"),
        ("workflow_run_failed", ("workflow_run", "completed_at"), None, "missing_field"),
        ("workflow_run_failed", ("workflow_run", "head_sha"), "main", "malformed_commit"),
        ("review_approved", ("review", "type"), "shrug", "unknown_review"),
        ("push", ("head_commit", "timestamp"), None, "missing_field"),
        ("push", ("repository", "html_url"), "git.example", "malformed_address"),
        ("action_run_success", ("run", "status"), "unknown", "unknown_status"),
    ],
)
def test_what_is_malformed_is_refused(name, path, value, reason):
    payload = load(name)
    payload[path[0]][path[1]] = value
    with pytest.raises(Rejected) as refused:
        map_payload(payload, {}, CONTEXT)
    assert refused.value.reason == reason


def test_every_state_has_an_id_of_its_own_and_a_redelivery_the_same():
    first, again = ([event.id for name in NAMES for event in mapped(name).events] for _ in range(2))
    assert first == again
    assert len(set(first)) == len(first)

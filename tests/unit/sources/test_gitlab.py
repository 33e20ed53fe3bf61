"""GitLab's webhooks: given payloads, expected contract events."""

import pytest

from producers.sources.common import Rejected
from producers.sources.gitlab.mapper import map_payload
from producers.sources.identity import actor
from schemas.delivery import CiRun, Deployment, Merge, Push
from tests.support.source_examples import CONTEXT
from tests.support.vendor_examples import VendorExamples, at

FOUND = VendorExamples("gitlab", map_payload)
A, B, C = "a1" * 20, "b2" * 20, "c3" * 20


load, mapped, one, ignored = FOUND.load, FOUND.mapped, FOUND.one, FOUND.ignored


def test_a_pipeline_is_a_ci_run():
    event = one("pipeline_succeeded")
    run = event.data
    assert isinstance(run, CiRun)
    assert (event.source, event.subject, event.mapperrevision) == ("//git.example", "git.example/acme/pay", 1)
    assert run.repository.model_dump() == {
        "id": "git.example:4711",
        "name": "git.example/acme/pay",
        "default_branch": "main",
    }
    assert (run.run_id, run.attempt, run.name, run.ref, run.commit) == ("9001", 1, "Pipeline of main", "main", C)
    assert (run.state, run.outcome) == ("finished", "success")
    assert run.queued_at == at("2024-05-02T09:16:00Z")
    assert run.started_at == at("2024-05-02T09:16:12Z")  # GitLab counts 12 s in the queue
    assert event.time == run.finished_at == at("2024-05-02T09:20:12Z")
    assert run.url == "https://git.example/acme/pay/-/pipelines/9001"
    assert run.actor == actor(CONTEXT, "ada")


@pytest.mark.parametrize(
    ("name", "state", "outcome", "time"),
    [
        ("pipeline_pending", "queued", None, "2024-05-02T09:16:00Z"),
        ("pipeline_running", "started", None, "2024-05-02T09:16:12Z"),
        ("pipeline_failed", "finished", "failure", "2024-05-02T09:18:40Z"),
        ("pipeline_canceled", "finished", "cancelled", "2024-05-02T09:17:30Z"),
        ("pipeline_skipped", "finished", "skipped", "2024-05-02T09:16:00Z"),
    ],
)
def test_the_states_of_a_pipeline(name, state, outcome, time):
    event = one(name)
    assert (event.data.state, event.data.outcome, event.time) == (state, outcome, at(time))


def test_a_pipeline_of_a_tag_before_gitlab_counted_its_queue_began_with_its_first_job():
    run = one("pipeline_of_a_tag_of_an_old_server").data
    assert run.ref == "refs/tags/v1.4.0"
    assert run.started_at == at("2024-05-02T09:16:20Z")
    assert run.repository.id is None


def test_a_retry_in_the_same_pipeline_is_another_end_of_the_same_run():
    failed, retried = one("pipeline_failed"), one("pipeline_retried_succeeded")
    assert failed.id != retried.id
    assert (failed.data.run_id, failed.data.attempt) == (retried.data.run_id, retried.data.attempt)


def test_a_pipeline_succeeds_though_its_production_job_failed_and_nothing_is_said_to_be_deployed():
    assert isinstance(one("pipeline_succeeded_though_production_failed").data, CiRun)


def test_jobs_and_child_pipelines_are_the_pipelines_business():
    assert ignored("pipeline_of_a_parent") == ("gitlab:pipeline.child",)
    assert ignored("build") == ("gitlab:build",)
    assert ignored("pipeline_waits_for_a_person") == ("gitlab:pipeline.manual",)


def test_a_deployment_has_the_whole_commit_and_the_tier_of_its_environment():
    event = one("deployment_succeeded")
    deployment = event.data
    assert isinstance(deployment, Deployment)
    assert (deployment.deployment_id, deployment.status, deployment.ref) == ("15", "success", "main")
    assert (deployment.environment, deployment.tier) == ("production/eu", "production")
    assert deployment.commit == C  # `short_sha` has 8 characters of it
    assert event.time == at("2024-05-02T09:20:00Z")
    assert (deployment.title, deployment.url) == ("Charge in euros", "https://git.example/acme/pay/-/jobs/796")
    assert deployment.version is None


@pytest.mark.parametrize(
    ("name", "status", "time"),
    [
        ("deployment_running", "started", "2024-05-02T09:18:00Z"),
        ("deployment_failed", "failure", "2024-05-02T09:19:00Z"),
        ("deployment_canceled", "cancelled", "2024-05-02T09:18:30Z"),
        ("deployment_blocked", "queued", "2024-05-02T09:17:00.123Z"),
        ("deployment_skipped_of_review", "skipped", "2024-05-02T09:17:00Z"),
    ],
)
def test_the_states_of_a_deployment_in_each_form_of_time(name, status, time):
    event = one(name)
    assert (event.data.status, event.time) == (status, at(time))
    assert event.data.started_at == (event.time if status == "started" else None)


def test_the_other_tiers_are_not_production():
    assert one("deployment_skipped_of_review").data.tier == "nonprod"
    assert mapped({**load("deployment_succeeded"), "environment_tier": "other"}).events[0].data.tier is None


def test_an_old_servers_deployment_is_known_by_its_job_and_its_short_commit():
    deployment = one("deployment_of_an_old_server").data
    assert (deployment.deployment_id, deployment.commit, deployment.tier) == ("job:811", C[:8], None)


def test_a_commit_page_of_another_commit_is_not_believed():
    payload = load("deployment_succeeded") | {"commit_url": f"https://git.example/acme/pay/-/commit/{B}"}
    assert mapped(payload).events[0].data.commit == C[:8]


def test_a_release_names_no_environment():
    event = one("release_created")
    assert (event.data.deployment_id, event.data.version, event.data.commit) == ("release:82", "v1.4.0", C)
    assert (event.data.environment, event.time) == (None, at("2024-05-02T09:30:05Z"))
    assert ignored("release_updated") == ("gitlab:release.update",)


def test_a_push_has_the_time_of_the_commit_it_moved_to():
    event = one("push")
    push = event.data
    assert isinstance(push, Push)
    assert event.time == at("2024-05-02T09:15:25Z")
    assert (push.ref, push.before, push.after, push.is_truncated) == ("refs/heads/main", A, C, False)
    first, merge = push.commits
    assert (first.sha, first.title, first.committed_at) == (B, "Charge in euros", at("2024-05-02T09:10:00Z"))
    assert first.paths == ("src/euros.py", "src/charge.py")
    assert first.author == actor(CONTEXT, "ada@acme.example")
    assert (merge.clock, merge.parents) == ("unknown", None)


def test_an_address_that_gitlab_redacted_is_nobodys_name():
    assert one("push").data.commits[1].author == actor(CONTEXT, "Ada Lane")


def test_a_list_that_gitlab_cut_is_flagged():
    assert one("push_of_many_commits").data.is_truncated


def test_a_branch_that_is_made_has_no_before():
    assert one("push_branch_created").data.before is None


def test_a_push_without_commits_has_no_time():
    assert ignored("push_branch_deleted") == ("gitlab:push.without_time",)


def test_an_annotated_tag_stands_on_its_commit():
    tag = one("tag_push_annotated").data
    assert (tag.ref, tag.before, tag.after, tag.is_truncated) == ("refs/tags/v1.4.0", None, C, False)


def test_the_user_of_an_access_token_is_a_robot():
    assert one("push_of_a_token").data.is_bot
    assert not one("push").data.is_bot


def test_a_merge_request_is_opened():
    event = one("merge_request_opened")
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
    assert merge.head_repository is None


def test_merged_at_is_the_time_of_a_merge():
    event = one("merge_request_merged")
    assert event.time == event.data.merged_at == at("2024-05-02T09:15:26Z")
    assert event.data.merge_commit == C


def test_a_fast_forward_from_a_fork_has_no_merge_commit():
    merge = one("merge_request_from_fork_fast_forwarded").data
    assert (merge.merge_commit, merge.head_commit) == (None, B)
    assert merge.head_repository.id == "git.example:99"
    assert merge.merged_at == at("2024-05-02T09:15:27Z")


def test_an_approval_is_a_review_and_an_update_is_none():
    for name in ("merge_request_approval", "merge_request_approved"):
        event = one(name)
        assert (event.data.state, event.data.first_review_at) == ("approved", event.time)
    for name in ("merge_request_updated_by_push", "merge_request_unapproved"):
        assert (one(name).data.state, one(name).data.first_review_at) == ("updated", None)
    assert ignored("merge_request_approved_by_its_author") == ("gitlab:merge_request.approved.own",)


def test_a_merge_request_is_closed_without_a_merge():
    event = one("merge_request_closed")
    assert (event.data.state, event.data.merged_at, event.time) == ("closed", None, at("2024-05-02T09:15:27Z"))


def test_events_of_groups_are_ignored():
    assert ignored("member_added") == ("gitlab:user_add_to_group",)
    assert mapped({"object_kind": "note"}).ignored == ("gitlab:note",)
    assert mapped({}).ignored == ("gitlab:unnamed",)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("deployment_succeeded", {"status": "exploded"}, "unknown_status"),
        ("deployment_succeeded", {"environment_tier": "moon"}, "unknown_tier"),
        ("deployment_succeeded", {"status_changed_at": None}, "missing_field"),
        ("deployment_succeeded", {"status_changed_at": "2024-04-31 10:00:00 UTC"}, "malformed_time"),
        ("deployment_succeeded", {"project": None}, "missing_field"),
        ("deployment_of_an_old_server", {"deployable_id": None}, "missing_field"),
        ("deployment_succeeded", {"short_sha": "main"}, "malformed_commit"),
        ("push", {"commits": "none"}, "wrong_type"),
    ],
)
def test_what_is_malformed_is_refused(name, change, reason):
    with pytest.raises(Rejected) as refused:
        mapped(load(name) | change)
    assert refused.value.reason == reason


def test_a_queue_of_another_type_is_refused():
    payload = load("pipeline_succeeded")
    payload["object_attributes"]["queued_duration"] = "12"
    with pytest.raises(Rejected, match="queued_duration"):
        mapped(payload)


def test_every_state_has_an_id_of_its_own_and_a_redelivery_the_same():
    payloads = [load(name) for name in FOUND.names()]
    first, again = ([event.id for payload in payloads for event in mapped(payload).events] for _ in range(2))
    assert first == again
    assert len(set(first)) == len(first)


def test_a_pipeline_made_at_the_end_of_time_is_refused():
    payload = load("pipeline_succeeded_though_production_failed")
    payload["object_attributes"] |= {"created_at": "9999-12-31T23:59:59Z", "queued_duration": 5}
    with pytest.raises(Rejected, match="time_out_of_range"):
        mapped(payload)

"""Azure DevOps' service hooks: given payloads, expected contract events."""

import pytest

from producers.sources.azure_devops.deployments import environment_of
from producers.sources.azure_devops.mapper import map_payload
from producers.sources.common import Rejected
from producers.sources.identity import actor
from schemas.delivery import CiRun, Deployment, Merge, Push
from tests.support.source_examples import CONTEXT
from tests.support.vendor_examples import VendorExamples, at

FOUND = VendorExamples("azure_devops", map_payload)
A, B, C = "a1" * 20, "b2" * 20, "c3" * 20
NAME = "dev.azure.com/acme/shop/_git/pay"
GUID = "0e1f2a3b-0000-4000-8000-00000000c0de"


load, mapped, one, ignored = FOUND.load, FOUND.mapped, FOUND.one, FOUND.ignored


def test_a_push_has_the_servers_time_and_its_committers_times():
    event = one("push")
    push = event.data
    assert isinstance(push, Push)
    assert (event.source, event.subject, event.mapperrevision) == ("//dev.azure.com/acme", NAME, 1)
    assert event.time == at("2024-05-02T09:15:30.330958Z")  # seven digits of a second: cut
    assert push.repository.model_dump() == {"id": f"azure-devops:{GUID}", "name": NAME, "default_branch": "main"}
    assert (push.ref, push.before, push.after, push.is_truncated) == ("refs/heads/main", A, C, False)
    first, merge = push.commits
    assert (first.sha, first.title, first.clock) == (B, "Charge in euros", "committer")
    assert first.committed_at == at("2024-05-02T09:10:00Z")
    assert first.author == push.actor == actor(CONTEXT, "ada@acme.example")
    assert merge.sha == C


def test_refs_that_go_and_pushes_of_two():
    gone = one("push_branch_deleted").data
    assert (gone.before, gone.after, gone.is_truncated) == (B, None, False)
    branch, tag = (event.data for event in mapped(load("push_of_a_branch_and_a_tag_by_a_service")).events)
    assert (branch.ref, branch.commits, branch.is_truncated) == ("refs/heads/next", (), True)
    assert (tag.ref, tag.before, tag.is_truncated) == ("refs/tags/v1.4.0", None, False)
    assert branch.is_bot


def test_an_old_instance_is_known_by_an_address():
    event = one("push_of_an_old_instance")
    assert event.source == "//dev.azure.com/acme"  # as it is called now
    assert event.data.repository.name == "acme.visualstudio.com/defaultcollection/_git/pay"


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("https://dev.azure.com/Acme/", "//dev.azure.com/acme"),
        ("https://acme.visualstudio.com/", "//dev.azure.com/acme"),
        ("https://acme.vsrm.visualstudio.com/", "//dev.azure.com/acme"),
        ("https://tfs.acme.example:8443/tfs/", "//tfs.acme.example:8443"),
    ],
)
def test_an_organization_is_one_whatever_its_address(address, source):
    payload = load("push")
    payload["resourceContainers"]["collection"]["baseUrl"] = address
    assert mapped(payload).events[0].source == source


def test_an_instance_without_an_address_is_its_collection():
    payload = load("release_succeeded")
    del payload["resource"]["environment"]["release"]["url"]
    payload["resourceContainers"] = {"collection": {"id": "C12D"}}
    (event,) = mapped(payload).events
    assert event.source == "//azure-devops/c12d"


def test_a_pull_request_is_opened():
    event = one("pullrequest_created")
    merge = event.data
    assert isinstance(merge, Merge)
    assert (merge.number, merge.state, merge.base_ref, merge.head_ref, merge.head_commit) == (
        12,
        "opened",
        "refs/heads/main",
        "refs/heads/currency",
        B,
    )
    assert merge.title == "Charge in euros (mail [email])"
    assert merge.labels == {"hotfix": "true"}
    assert event.time == merge.opened_at == at("2024-05-01T08:00:00.589889Z")
    assert merge.url == "https://dev.azure.com/acme/Shop/_git/pay/pullrequest/12"
    assert merge.merge_commit is None  # `lastMergeCommit` of an open one is a test merge


def test_a_merge_that_was_tried_is_no_merge():
    assert ignored("pullrequest_merge_attempted") == ("azure-devops:git.pullrequest.merged.attempt",)


def test_a_merge_has_its_commit_its_method_and_one_id_in_both_events():
    event = one("pullrequest_completed")
    assert (event.data.state, event.data.merge_commit, event.data.method) == ("merged", C, "squash")
    assert event.time == event.data.merged_at == at("2024-05-02T09:15:27.366057Z")
    (updated,) = mapped(load("pullrequest_completed") | {"eventType": "git.pullrequest.updated"}).events
    assert updated == event


def test_an_abandoned_pull_request_is_closed():
    event = one("pullrequest_abandoned")
    assert (event.data.state, event.time) == ("closed", at("2024-05-02T09:16:00Z"))


def test_a_vote_of_another_person_is_a_review():
    approved, rejected = one("pullrequest_approved"), one("pullrequest_rejected_by_a_reviewer")
    assert (approved.data.state, approved.data.first_review_at) == ("approved", at("2024-05-02T09:12:00Z"))
    assert (rejected.data.state, rejected.data.first_review_at) == ("updated", at("2024-05-02T09:11:30Z"))
    own = one("pullrequest_updated").data  # the author's vote and a team's
    assert (own.state, own.first_review_at) == ("updated", None)


def test_a_fork_is_named():
    assert one("pullrequest_from_a_fork").data.head_repository.name == f"{NAME}-bea"


def test_a_build_is_a_ci_run():
    event = one("build_succeeded")
    run = event.data
    assert isinstance(run, CiRun)
    assert (run.run_id, run.name, run.ref, run.commit) == ("1000", "pay CI", "refs/heads/main", C)
    assert (run.state, run.outcome, run.labels) == ("finished", "success", {})
    assert (run.queued_at, run.started_at) == (at("2024-05-02T09:16:00Z"), at("2024-05-02T09:16:12.83Z"))
    assert event.time == run.finished_at == at("2024-05-02T09:20:12.69Z")
    assert (run.actor, run.is_bot) == (actor(CONTEXT, "ada@acme.example"), False)
    assert run.repository.name == event.subject == NAME


@pytest.mark.parametrize(
    ("name", "outcome", "labels"),
    [
        ("build_failed", "failure", {}),
        ("build_canceled", "cancelled", {}),
        ("build_partially_succeeded", "success", {"result": "partiallySucceeded"}),
        ("run_partially_succeeded", "success", {"result": "partiallySucceeded"}),
        ("run_failed_of_the_past", "failure", {}),
    ],
)
def test_the_results_of_a_run(name, outcome, labels):
    assert (one(name).data.outcome, one(name).data.labels) == (outcome, labels)


def test_a_build_may_be_of_a_repository_elsewhere():
    repository = one("build_of_github").data.repository
    assert (repository.id, repository.name) == (None, "github.com/acme/pay")


def test_a_xaml_build_has_ref_and_commit_in_one_text_and_its_result_as_status():
    run = one("build_of_xaml_stopped").data
    assert (run.ref, run.commit, run.outcome, run.repository) == ("refs/heads/main", C, "cancelled", None)


def test_a_run_and_its_build_are_one_ci_run():
    build, run, started = one("build_succeeded"), one("run_succeeded"), one("run_in_progress")
    assert {(one.source, one.data.run_id, one.data.attempt) for one in (build, run, started)} == {
        ("//dev.azure.com/acme", "1000", 1)
    }
    assert (started.data.state, started.data.started_at) == ("started", at("2024-05-02T09:16:12.5Z"))
    assert run.data.finished_at == at("2024-05-02T09:20:12.7Z")
    assert run.data.repository == build.data.repository
    assert ignored("run_canceling") == ("azure-devops:run.canceling",)


def test_a_stage_deploys_where_its_name_says():
    event = one("stage_deploy_succeeded")
    deployment = event.data
    assert isinstance(deployment, Deployment)
    assert (deployment.deployment_id, deployment.environment) == ("run:1000:Deploy_Production", "Production")
    assert (deployment.version, deployment.ref, deployment.commit) == ("20240502.4", "refs/heads/main", C)
    assert (deployment.status, deployment.started_at) == ("success", at("2024-05-02T09:21:50.506666Z"))
    assert event.time == at("2024-05-02T09:24:00Z")
    assert deployment.repository.name == NAME
    running = one("stage_deploy_running")
    assert (running.data.status, running.data.deployment_id) == ("started", deployment.deployment_id)


@pytest.mark.parametrize(
    ("name", "status", "environment"),
    [
        ("stage_deploy_failed_then_again", "failure", "Production"),
        ("stage_partially_succeeded", "success", "staging"),
        ("stage_waits_for_approval", "queued", "Production"),
        ("stage_rejected_by_an_approver", "cancelled", "Production"),
    ],
)
def test_the_states_of_a_stage(name, status, environment):
    assert (one(name).data.status, one(name).data.environment) == (status, environment)


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("Deploy_Prod", "Prod"),
        ("deploy-to-staging", "staging"),
        ("DeployToQA", "QA"),
        ("DeployTooling", "Tooling"),
        ("Production EU", "Production EU"),
        ("Deployment Stage", None),
        ("Deploy", None),
        ("Test", None),
        ("Build", None),
    ],
)
def test_what_a_stages_name_says(name, environment):
    assert environment_of(name) == environment


def test_a_stage_that_runs_again_is_another_deployment():
    assert one("stage_deploy_failed_then_again").data.deployment_id == "run:1000:Deploy_Production:2"


def test_a_classic_release_has_no_commit_and_no_repository():
    event = one("release_succeeded")
    deployment = event.data
    assert (deployment.environment, deployment.version, deployment.release_id) == (
        "Production",
        "Release-31",
        "release:31",
    )
    assert (deployment.status, deployment.commit, deployment.repository) == ("success", None, None)
    assert (event.source, event.subject) == ("//dev.azure.com/acme", "dev.azure.com/acme/environment:5")
    assert event.time == at("2024-05-02T09:24:00.26Z")
    assert deployment.labels == {"project": "Shop"}


def test_a_classic_release_deployed_again_is_another_attempt():
    event = one("release_succeeded_again")
    assert (event.data.deployment_id, event.time) == ("environment:5:2", at("2024-05-02T09:24:00Z"))
    assert event.data.labels == {"project": "Shop", "pipeline": "pay CD"}
    assert event.data.actor == actor(CONTEXT, "bea@acme.example")


@pytest.mark.parametrize(
    ("name", "status", "labels"),
    [
        ("release_started", "started", {"project": "Shop", "pipeline": "pay CD"}),
        ("release_rejected", "failure", {"project": "Shop"}),
        ("release_canceled", "cancelled", {"project": "Shop"}),
        ("release_partially_succeeded", "success", {"project": "Shop", "result": "partiallySucceeded"}),
    ],
)
def test_the_states_of_a_classic_deployment(name, status, labels):
    assert (one(name).data.status, one(name).data.labels) == (status, labels)


def test_events_of_no_interest_are_ignored():
    assert ignored("job") == ("azure-devops:ms.vss-pipelines.job-state-changed-event",)
    assert ignored("stage_of_ci") == ("azure-devops:stage.no_environment",)
    assert ignored("workitem_created") == ("azure-devops:workitem.created",)
    assert ignored("release_scheduled")[0].endswith(".scheduled")
    assert mapped({}).ignored == ("azure-devops:unnamed",)


@pytest.mark.parametrize(
    ("name", "path", "value", "reason"),
    [
        ("build_failed", ("result",), "exploded", "unknown_status"),
        ("build_failed", ("finishTime",), None, "missing_field"),
        ("release_rejected", ("environment", "status"), "exploded", "unknown_status"),
        ("release_rejected", ("environment", "modifiedOn"), "0001-01-01T00:00:00", "time_without_zone"),
        ("run_succeeded", ("run", "state"), "gone", "unknown_status"),
        ("run_succeeded", ("run", "result"), None, "missing_field"),
        ("push", ("date",), None, "missing_field"),
        ("pullrequest_completed", ("status",), "gone", "unknown_status"),
    ],
)
def test_what_is_malformed_is_refused(name, path, value, reason):
    payload = load(name)
    it = payload["resource"]
    for key in path[:-1]:
        it = it[key]
    it[path[-1]] = value
    with pytest.raises(Rejected) as refused:
        mapped(payload)
    assert refused.value.reason == reason


def test_every_state_has_an_id_of_its_own_and_a_redelivery_the_same():
    payloads = [load(name) for name in FOUND.names()]
    again = [payload | {"notificationId": 2, "id": "another"} for payload in payloads]
    first, second = ([event.id for one in these for event in mapped(one).events] for these in (payloads, again))
    assert first == second
    assert len(set(first)) == len(first)

"""Bitbucket Cloud's webhooks: given payloads, expected contract events."""

import pytest

from producers.sources.bitbucket.mapper import map_payload
from producers.sources.common import Rejected
from producers.sources.identity import actor
from schemas.delivery import CiRun, Merge, Push
from tests.support.source_examples import CONTEXT
from tests.support.vendor_examples import VendorExamples, at

FOUND = VendorExamples("bitbucket", map_payload)
A, B, C = "a1" * 20, "b2" * 20, "c3" * 20
NAMES = FOUND.names()


load, mapped, one, ignored = FOUND.load, FOUND.of, FOUND.one, FOUND.ignored


def test_a_push_has_its_commits_oldest_first():
    event = one("push")
    push = event.data
    assert isinstance(push, Push)
    assert (event.source, event.subject, event.mapperrevision) == ("//bitbucket.org", "bitbucket.org/acme/pay", 1)
    assert event.time == at("2024-05-02T09:15:25Z")  # of the commit it moved to: a push has no time of its own
    assert push.repository.model_dump() == {
        "id": "bitbucket.org:0e1f2a3b-0000-4000-8000-00000000c0de",
        "name": "bitbucket.org/acme/pay",
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
    assert (first.sha, first.parents, first.title, first.clock) == (B, 1, "Charge in euros", "unknown")
    assert first.author == actor(CONTEXT, "ada@acme.example")  # no account: the address
    assert (merge.sha, merge.parents, merge.author) == (C, 2, actor(CONTEXT, "5570:ada-1"))
    assert push.actor == merge.author


def test_an_apps_forced_push_with_a_cut_list_says_so():
    push = one("push_truncated_and_forced").data
    assert (push.forced, push.is_truncated, push.is_bot) == (True, True, True)


def test_one_push_moves_several_refs():
    events = mapped("push_of_a_branch_and_two_tags").events
    assert [event.data.ref for event in events] == ["refs/heads/release", "refs/tags/v1.4.0", "refs/tags/latest"]
    assert [event.data.before for event in events] == [None, None, None]
    assert events[1].time == at("2024-05-02T09:30:00Z")  # an annotated tag's own
    assert events[2].time == at("2024-05-02T09:15:25Z")


def test_a_branch_that_goes_has_no_time():
    assert ignored("push_branch_deleted") == ("bitbucket:push.without_time",)
    assert ignored("push_empty") == ("bitbucket:push.empty",)


def test_a_pull_request_is_opened():
    event = one("pullrequest_created")
    merge = event.data
    assert isinstance(merge, Merge)
    assert (merge.number, merge.state, merge.base_ref, merge.head_ref) == (12, "opened", "main", "currency")
    assert merge.head_commit == B[:12]  # Bitbucket gives 12 characters
    assert merge.title == "Charge in euros (mail [email])"
    assert event.time == merge.opened_at == at("2024-05-01T08:00:00.123456Z")
    assert merge.actor == actor(CONTEXT, "5570:ada-1")
    assert merge.head_repository is None


def test_without_the_key_of_the_event_an_open_pull_request_is_an_update():
    (event,) = map_payload(load("pullrequest_created"), {}, CONTEXT).events
    assert event.data.state == "updated"


def test_a_merge_has_a_short_commit():
    event = one("pullrequest_merged")
    assert (event.data.state, event.data.merge_commit) == ("merged", C[:12])
    assert event.time == event.data.merged_at == at("2024-05-02T09:15:27.7Z")


def test_a_declined_pull_request_is_closed():
    event = one("pullrequest_declined")
    assert (event.data.state, event.data.merged_at) == ("closed", None)


def test_a_review_is_by_another_person():
    for name, state in (("approved", "approved"), ("changes_requested", "updated")):
        event = one(f"pullrequest_{name}")
        assert (event.data.state, event.data.first_review_at) == (state, event.time)
        assert event.time == at("2024-05-02T09:12:00.5Z")
    assert ignored("pullrequest_unapproved") == ("bitbucket:pullrequest.unapproved",)
    assert ignored("pullrequest_approved_by_its_author") == ("bitbucket:pullrequest.approval.own",)


def test_a_fork_is_named():
    fork = one("pullrequest_of_a_fork").data.head_repository
    assert (fork.id, fork.name) == ("bitbucket.org:f0", "bitbucket.org/bea/pay")


def test_a_fork_that_is_gone_is_unknown():
    payload = load("pullrequest_of_a_fork")
    payload["pullrequest"]["source"]["repository"] = None
    (event,) = map_payload(payload, {}, CONTEXT).events
    assert event.data.head_repository is None


def test_a_build_status_is_a_ci_run():
    event = one("commit_status_successful")
    run = event.data
    assert isinstance(run, CiRun)
    assert (run.run_id, run.name, run.ref, run.commit) == (f"{C}:3343801", "Pipeline for main", "main", C)
    assert (run.state, run.outcome, run.started_at) == ("finished", "success", None)
    assert event.time == run.finished_at == at("2024-05-02T09:20:12Z")
    assert run.url == "https://bitbucket.org/acme/pay/addon/pipelines/home"


@pytest.mark.parametrize(
    ("name", "state", "outcome"),
    [
        ("inprogress", "started", None),
        ("failed", "finished", "failure"),
        ("stopped", "finished", "cancelled"),
    ],
)
def test_the_states_of_a_build(name, state, outcome):
    event = one(f"commit_status_{name}")
    assert (event.data.state, event.data.outcome) == (state, outcome)
    assert event.data.started_at == (event.time if state == "started" else None)


def test_an_old_status_has_its_commit_in_an_address():
    run = one("commit_status_of_old_with_an_address_alone").data
    assert (run.commit, run.name, run.ref) == (C, "acme-ci", None)


def test_events_of_no_interest_are_ignored():
    assert ignored("repo_fork") == ("bitbucket:repo:fork",)
    assert ignored("pullrequest_commented") == ("bitbucket:pullrequest.comment",)
    assert map_payload({}, {}, CONTEXT).ignored == ("bitbucket:unnamed",)


@pytest.mark.parametrize(
    ("name", "path", "value", "reason"),
    [
        ("commit_status_failed", ("commit_status", "state"), "EXPLODED", "unknown_status"),
        ("commit_status_failed", ("commit_status", "updated_on"), None, "missing_field"),
        ("pullrequest_merged", ("pullrequest", "state"), "GONE", "unknown_status"),
        ("pullrequest_merged", ("pullrequest", "merge_commit"), {"hash": "main"}, "malformed_commit"),
        ("push", ("repository", "uuid"), None, "missing_field"),
        ("push", ("push", "changes"), {}, "wrong_type"),
    ],
)
def test_what_is_malformed_is_refused(name, path, value, reason):
    payload = load(name)
    payload[path[0]][path[1]] = value
    with pytest.raises(Rejected) as refused:
        map_payload(payload, load(f"{name}.headers"), CONTEXT)
    assert refused.value.reason == reason


def test_a_status_without_its_commit_is_refused():
    payload = load("commit_status_failed")
    del payload["commit_status"]["commit"], payload["commit_status"]["links"]
    with pytest.raises(Rejected, match="missing_field"):
        map_payload(payload, {}, CONTEXT)


def test_every_state_has_an_id_of_its_own_and_a_redelivery_the_same():
    first, again = ([event.id for name in NAMES for event in mapped(name).events] for _ in range(2))
    assert first == again
    assert len(set(first)) == len(first)

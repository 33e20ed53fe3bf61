"""Bitbucket Data Center's webhooks: given payloads, expected contract events."""

import pytest

from producers.sources.bitbucket_server.mapper import map_payload
from producers.sources.common import Rejected
from producers.sources.identity import actor
from schemas.delivery import Merge, Push
from tests.support.source_examples import CONTEXT
from tests.support.vendor_examples import VendorExamples, at

FOUND = VendorExamples("bitbucket_server", map_payload)
A, B, C = "a1" * 20, "b2" * 20, "c3" * 20


load, mapped, one, ignored = FOUND.load, FOUND.mapped, FOUND.one, FOUND.ignored


def test_a_push_has_the_servers_time_with_an_offset_without_a_colon():
    event = one("push")
    push = event.data
    assert isinstance(push, Push)
    assert event.time == at("2024-05-02T09:15:30Z")  # 19:15:30+1000
    assert (event.source, event.subject, event.mapperrevision) == ("//git.example", "git.example/acme/pay", 1)
    assert push.repository.model_dump() == {
        "id": "git.example:4",
        "name": "git.example/acme/pay",
        "default_branch": None,
    }
    assert (push.ref, push.before, push.after, push.is_truncated) == ("refs/heads/main", A, C, False)
    first, merge = push.commits
    assert (first.sha, first.parents, first.clock, first.title) == (B, 1, "committer", "Charge in euros")
    assert first.committed_at == at("2024-05-02T09:10:00Z")  # an epoch in milliseconds
    assert first.author == push.actor == actor(CONTEXT, "ada")
    assert (merge.sha, merge.parents) == (C, 2)


def test_a_list_that_does_not_reach_back_to_the_commit_before_is_cut():
    assert one("push_cut").data.is_truncated


def test_a_new_branch_by_an_access_key():
    push = one("push_by_an_access_key").data
    assert (push.before, push.after, push.is_bot, push.is_truncated) == (None, B, True, False)


def test_which_ref_a_commit_belongs_to_is_not_said_where_two_move():
    events = mapped(load("push_of_two_refs")).events
    assert [(one.data.ref, one.data.commits, one.data.is_truncated) for one in events] == [
        ("refs/heads/next", (), True),
        ("refs/tags/v1.4.0", (), True),
    ]


def test_a_branch_that_goes():
    push = one("push_branch_deleted").data
    assert (push.before, push.after, push.is_truncated) == (B, None, False)


def test_an_old_server_names_no_host_and_lists_no_commits():
    event = one("push_of_an_old_server")
    assert (event.source, event.subject) == ("//bitbucket-server", "acme/pay")
    assert (event.data.repository.id, event.data.repository.name) == (None, "acme/pay")
    assert (event.data.commits, event.data.is_truncated) == ((), True)


def test_a_pull_request_is_opened():
    event = one("pr_opened")
    merge = event.data
    assert isinstance(merge, Merge)
    assert (merge.number, merge.state, merge.head_commit) == (12, "opened", B)
    assert (merge.base_ref, merge.head_ref) == ("refs/heads/main", "refs/heads/currency")
    assert merge.opened_at == at("2024-05-01T08:00:00.123Z")
    assert event.time == at("2024-05-01T08:00:00Z")
    assert merge.title == "Charge in euros (mail [email])"
    assert merge.url == "https://git.example/projects/ACME/repos/pay/pull-requests/12"
    assert merge.actor == actor(CONTEXT, "ada")


def test_a_merge_has_its_commit_and_its_time():
    event = one("pr_merged")
    assert event.time == event.data.merged_at == at("2024-05-02T09:15:27.7Z")
    assert (event.data.state, event.data.merge_commit, event.data.head_repository) == ("merged", C, None)


def test_dates_may_be_texts_and_a_source_a_fork():
    event = one("pr_merged_with_iso_dates_from_a_fork")
    assert event.data.merged_at == at("2024-05-02T09:15:27Z")
    assert event.data.merge_commit is None
    assert event.data.head_repository.name == "git.example/~bea/pay"


def test_a_review_is_by_another_person():
    for name, state in (("pr_approved", "approved"), ("pr_needs_work", "updated")):
        event = one(name)
        assert (event.data.state, event.data.first_review_at) == (state, at("2024-05-02T09:15:28Z"))
    assert ignored("pr_approved_by_its_author") == ("bitbucket-server:pr:reviewer:approved.own",)
    assert ignored("pr_unapproved") == ("bitbucket-server:pr:reviewer:unapproved",)


def test_other_states_of_a_pull_request():
    assert one("pr_from_ref_updated").data.state == "updated"
    assert one("pr_declined").data.state == "closed"


def test_events_of_no_interest_are_ignored():
    assert ignored("pr_commented") == ("bitbucket-server:pr:comment:added",)
    assert ignored("ping") == ("bitbucket-server:unnamed",)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("push", {"date": "2024-05-02T19:15:30"}, "time_without_zone"),
        ("push", {"date": None}, "missing_field"),
        ("push", {"changes": "all"}, "wrong_type"),
        ("pr_merged", {"pullRequest": {}}, "missing_field"),
    ],
)
def test_what_is_malformed_is_refused(name, change, reason):
    with pytest.raises(Rejected) as refused:
        mapped(load(name) | change)
    assert refused.value.reason == reason


def test_every_state_has_an_id_of_its_own_and_a_redelivery_the_same():
    payloads = [load(name) for name in FOUND.names()]
    first, again = ([event.id for payload in payloads for event in mapped(payload).events] for _ in range(2))
    assert first == again
    assert len(set(first)) == len(first)

"""What hosts of repositories share: bounded words, refusals instead of broken contracts, pushes that fit a record."""

from datetime import UTC, datetime

import pytest

from producers.sources import forge
from producers.sources.common import Context, Mapped, Rejected
from producers.sources.evidence import Vendor
from producers.sources.forge import Origin, fit, joined, left_out
from schemas.delivery import Commit, Deployment, Push

VENDOR = Vendor("acme-git", revision=3)
CONTEXT = Context(salt=b"salt")
AT = datetime(2024, 5, 2, 9, 15, tzinfo=UTC)
WHERE = Origin(VENDOR, "git.example", forge.repository("git.example", 7, "Acme/Pay", "main"), 7)


def commit(number, title="Charge in euros", touched=()):
    return Commit(sha=f"{number:040x}", title=title, paths=touched)


def test_a_repository_is_named_with_its_host_in_lower_case():
    assert WHERE.repository.model_dump() == {
        "id": "git.example:7",
        "name": "git.example/acme/pay",
        "default_branch": "main",
    }
    assert forge.repository("git.example", None, "acme/pay").id is None
    assert forge.repository("git.example:3000", 7, "acme/pay").name == "git.example/acme/pay"  # as clones are named


def test_a_repository_whose_name_breaks_the_contract_is_refused():
    with pytest.raises(Rejected, match="contract"):
        forge.repository("git.example", "7" * 300, "acme/pay")


def test_an_event_is_of_its_instance_and_repository():
    (event,) = WHERE.mapped(
        AT, ("run", 1), lambda: Deployment(provider="x", deployment_id="1", status="success")
    ).events
    assert (event.source, event.subject, event.mapperrevision, event.time) == (
        "//git.example",
        "git.example/acme/pay",
        3,
        AT,
    )


def test_what_is_left_out_is_counted_by_bounded_words():
    assert left_out(VENDOR, "push", "Weird Event!").ignored == ("acme-git:push.weird_event_",)
    assert len(left_out(VENDOR, "x" * 500).ignored[0]) == len("acme-git:") + 40


def test_parts_are_joined_in_order():
    event = WHERE.mapped(AT, ("a",), lambda: Deployment(provider="x", deployment_id="1", status="success"))
    assert joined([event, left_out(VENDOR, "a"), left_out(VENDOR, "b")]) == Mapped(
        event.events, ("acme-git:a", "acme-git:b")
    )


def test_a_commit_has_no_zero_date_and_the_first_of_its_authors_names():
    zero = datetime(1970, 1, 1, tzinfo=UTC)
    made = forge.commit("a1" * 20, "One\n\ntwo", (None, "ada@acme.example"), zero, CONTEXT, parents=2)
    assert (made.committed_at, made.title, made.parents, made.paths) == (None, "One", 2, None)
    assert made.author is not None
    with pytest.raises(Rejected, match="contract"):
        forge.commit("main", None, (), AT, CONTEXT)


def test_a_release_names_no_environment():
    (event,) = forge.release(WHERE, 5, "v1", AT, who={}, url=None, commit=None, name="First").events
    assert (event.data.deployment_id, event.data.version, event.data.ref) == ("release:5", "v1", "refs/tags/v1")
    assert (event.data.environment, event.data.status, event.data.title) == (None, "success", "First")


def test_a_push_that_fits_is_left_alone():
    push = Push(provider="x", ref="refs/heads/main", commits=(commit(1, touched=("a.py",)),))
    assert fit(push) is push


def test_a_large_push_loses_its_paths_first_counted_in_bytes():
    wide = tuple(f"{'é' * 200}/{number}.py" for number in range(30))  # two bytes a letter
    push = Push(provider="x", ref="refs/heads/main", commits=tuple(commit(n, touched=wide) for n in range(100)))
    assert len(push.model_dump_json()) < 700_000 < len(push.model_dump_json().encode())
    slim = fit(push)
    assert {one.paths for one in slim.commits} == {None}
    assert (len(slim.commits), slim.is_truncated) == (100, False)


def test_a_huge_push_keeps_its_newest_commits_and_says_so():
    push = Push(provider="x", ref="refs/heads/main", commits=tuple(commit(n, "t" * 900) for n in range(1500)))
    short = fit(push)
    assert len(short.model_dump_json().encode()) < 700_000
    assert (short.commits[-1].sha, len(short.commits), short.is_truncated) == (push.commits[-1].sha, 1000, True)

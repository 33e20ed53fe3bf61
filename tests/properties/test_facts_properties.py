"""Facts are a function of what happened: order, copies and cuts of the input change nothing, and counts hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.delivery import Commit
from stream_processors.facts import Facts, FactsConfig, facts, slices
from stream_processors.resolve import Resolved
from tests.histories import History, at, commit

HOURS = st.integers(0, 60)
VERSIONS = st.sampled_from(["v1", "v2", "v3", None])
ENVIRONMENTS = st.sampled_from(["prod-us", "prod-eu", "production", "staging", "canary", None])
SHAS = st.sampled_from([f"c{number}" for number in range(8)])
STATUSES = st.sampled_from(["started", "success", "success", "failure", "cancelled", "inactive", "rolled_back"])
BRANCHES = st.sampled_from(["refs/heads/main", "refs/heads/topic", "refs/tags/t"])


@st.composite
def commits(draw: st.DrawFn) -> tuple[Commit, ...]:
    names = draw(st.lists(SHAS, max_size=3, unique=True))
    return tuple(
        commit(
            name,
            draw(HOURS),
            parents=draw(st.sampled_from([None, 1, 2])),
            clock=draw(st.sampled_from(["author", "committer", "unknown"])),
        )
        for name in names
    )


def deploy(draw: st.DrawFn, history: History) -> None:
    history.deploy(
        draw(st.sampled_from("123456")),
        draw(HOURS),
        draw(VERSIONS),
        environment=draw(ENVIRONMENTS),
        status=draw(
            st.sampled_from(["started", "success", "success", "failure", "cancelled", "inactive", "rolled_back"])
        ),
        commit=draw(st.none() | SHAS),
        commits=draw(st.none() | commits()),
        ref=draw(st.none() | BRANCHES),
        release_id=draw(st.sampled_from([None, None, "r1"])),
        is_rollback=draw(st.sampled_from([None, None, True])),
        fixes=draw(st.sampled_from([(), ("i",)])),
    )


def push(draw: st.DrawFn, history: History) -> None:
    context = draw(st.booleans())
    history.push(
        draw(HOURS),
        before=draw(st.none() | SHAS),
        ref=draw(BRANCHES),
        forced=draw(st.booleans()),
        commits=draw(commits()),
        rule="context" if context else "repository",
        own=[] if context else None,
    )


def merge(draw: st.DrawFn, history: History) -> None:
    history.merge(
        draw(HOURS),
        draw(st.integers(1, 3)),
        draw(st.sampled_from(["opened", "approved", "merged", "merged", "closed"])),
        merge_commit=draw(st.none() | SHAS),
        head_commit=draw(st.none() | SHAS),
        head_ref=draw(st.sampled_from([None, "topic"])),
        method=draw(st.sampled_from([None, "merge", "squash", "rebase"])),
        commits=draw(st.none() | commits()),
    )


def incident(draw: st.DrawFn, history: History) -> None:
    history.incident(
        draw(st.sampled_from("ijk")),
        draw(HOURS),
        draw(st.sampled_from(["opened", "acknowledged", "resolved", "reopened"])),
        environment=draw(ENVIRONMENTS),
        deployment_ids=draw(st.sampled_from([(), ("1",), ("9",)])),
        commits=draw(st.lists(SHAS, max_size=1)),
        version=draw(VERSIONS),
        rule=draw(st.sampled_from(["explicit", "reference"])),
    )


def ci_run(draw: st.DrawFn, history: History) -> None:
    history.ci_run(draw(st.sampled_from("12")), draw(HOURS), outcome=draw(st.sampled_from(["success", "failure"])))


@st.composite
def histories(draw: st.DrawFn) -> list[Resolved]:
    history = History()
    for add in draw(
        st.lists(st.sampled_from([deploy, deploy, deploy, push, push, merge, incident, ci_run]), max_size=25)
    ):
        add(draw, history)
    return history.events


def digests(found: Facts) -> list[tuple[object, str]]:
    return [(month, one.digest) for month, one in slices("pay", found).items()]


def computed(events: list[Resolved]) -> Facts:
    return facts("pay", events, FactsConfig())


@settings(max_examples=100, deadline=None)
@given(events=histories(), random=st.randoms(use_true_random=False), cut=st.integers(0, 25))
def test_order_copies_and_cuts_change_nothing(events: list[Resolved], random: object, cut: int) -> None:
    want = digests(computed(events))
    shuffled = [*events, *events[:cut]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert digests(computed(shuffled)) == want
    assert digests(computed([*events[cut:], *events[:cut]])) == want


@settings(max_examples=100, deadline=None)
@given(events=histories(), random=st.randoms(use_true_random=False))
def test_an_older_version_of_an_event_never_counts(events: list[Resolved], random: object) -> None:
    older = [replace(one, event=replace(one.event, version=0, time=at(99))) for one in events]
    mixed = [*events, *older]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert digests(computed(mixed)) == digests(computed(events))


@settings(max_examples=100, deadline=None)
@given(events=histories())
def test_counts_hold(events: list[Resolved]) -> None:
    found = computed(events)
    releases = {one.release: one for one in found.releases}
    assert len(releases) == len(found.releases)
    assert sum(one.is_first for one in found.releases) == (1 if any(one.finished_at for one in found.releases) else 0)
    for one in found.releases:
        assert bool(one.is_failed) == bool(one.failure_reasons) == (one.failed_at is not None)
        assert one.recovered_at is None or (one.failed_at is not None and one.recovered_at >= one.failed_at)
        assert bool(one.is_rework) == bool(one.rework_rule)
    attempts = [one for one in found.attempts if one.release]
    assert Counter(one.release for one in attempts).keys() == releases.keys()
    assert {(one.environment, one.deployment_id) for one in attempts} <= {
        (environment, name) for one in found.releases for environment in one.environments for name in one.deployment_ids
    }


@settings(max_examples=100, deadline=None)
@given(events=histories())
def test_a_commit_is_credited_once(events: list[Resolved]) -> None:
    found = computed(events)
    assert max(Counter(one.sha for one in found.commits).values(), default=1) == 1
    credited = Counter(one.release for one in found.commits if not one.not_counted)
    assert credited == Counter({one.release: one.commits for one in found.releases if one.commits})
    assert all((one.lead_time_us is None) == bool(one.not_counted) for one in found.commits)


@settings(max_examples=100, deadline=None)
@given(events=histories())
def test_evidence_covers_every_event_once(events: list[Resolved]) -> None:
    rows = computed(events).evidence
    identities = Counter((one.source, one.event) for one in rows)
    assert max(identities.values(), default=1) == 1
    given_ = {(one.event.source, one.event.id) for one in events}
    as_context = {(one.event.source, one.event.id) for one in events if one.rule == "context"}
    assert given_ - as_context <= identities.keys() <= given_
    assert all(one.counted or one.reason for one in rows)


@settings(max_examples=100, deadline=None)
@given(events=histories())
def test_a_fact_lies_in_the_month_of_its_time(events: list[Resolved]) -> None:
    found = computed(events)
    cut = slices("pay", found)
    rows = sum(len(rows) for one in cut.values() for rows in one.rows.values())
    assert rows == sum(len(getattr(found, field.name)) for field in fields(found))


KEYS = {
    "facts_attempts": ("environment", "deployment_id"),
    "facts_releases": ("release",),
    "facts_commits": ("sha",),
    "facts_incidents": ("incident", "episode"),
    "facts_ci_runs": ("source", "run_id", "attempt"),
    "facts_milestones": ("milestone",),
    "facts_evidence": ("source", "event"),
}


@settings(max_examples=100, deadline=None)
@given(events=histories())
def test_keys_are_unique_so_that_no_row_replaces_another(events: list[Resolved]) -> None:
    for one in slices("pay", computed(events)).values():
        for table, key in KEYS.items():
            keys = [tuple(row[column] for column in key) for row in one.rows[table]]
            assert len(keys) == len(set(keys)), table

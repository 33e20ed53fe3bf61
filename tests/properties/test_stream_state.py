"""Any order, any cuts, any repeats, recompute at any moment: the facts are those computed from all events at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import catalog, envelope
from schemas.delivery import Commit, Delivery, Deployment, Incident, Push, Repository
from schemas.envelope import Event
from stream_processors.facts import FactsConfig, facts, slices
from stream_processors.resolve import Mappings, Resolved, Stored, StoredFact
from stream_processors.stories import Pointed, assigned
from tests.support.line import Line, event

EXAMPLES = 25
SERVICES = ("pay", "web", "api")
START = datetime(2026, 3, 1, tzinfo=UTC)
TAKES = st.integers(1, 6)


# One history: instants far enough apart that no two are equal, days on both sides of a month's end.
HOURS = st.integers(0, 45 * 24 - 1)
SERVICE = st.sampled_from(SERVICES)
SHAS = st.sampled_from([f"{number:x}abcdef{number:x}" + "0" * 32 for number in range(6)])
IDS = st.sampled_from(["d1", "d2", "d3", "d4"])
INCIDENTS = st.sampled_from(["i1", "i2", "i3"])
PATHS = st.sampled_from([None, ("pay/main.py",), ("web/index.html",), ("docs/a.md", "pay/b.py")])
REPOSITORIES = st.sampled_from([
    Repository(id="git:1", name="git/mono", default_branch="main"),
    Repository(name="git/mono", default_branch="main"),
    Repository(id="git:2", name="git/web", default_branch="main"),
])  # fmt: skip


@st.composite
def commits(draw: st.DrawFn) -> tuple[Commit, ...]:
    found = draw(st.lists(SHAS, min_size=1, max_size=2, unique=True))
    return tuple(Commit(sha=sha, committed_at=START, clock="committer", paths=draw(PATHS)) for sha in found)


@st.composite
def payloads(draw: st.DrawFn) -> Delivery | catalog.Service | catalog.Mapping:
    named: dict[str, Any] = draw(st.sampled_from([{}, {}, {"service": draw(SERVICE)}, {"service": "alias"}]))
    kind = draw(st.sampled_from(["deployment", "deployment", "push", "incident", "incident", "mapping", "service"]))
    if kind == "deployment":
        return Deployment(
            provider="t", deployment_id=draw(IDS), environment="production", repository=draw(REPOSITORIES),
            status=draw(st.sampled_from(["started", "success", "failure"])), commit=draw(st.none() | SHAS), **named,
        )  # fmt: skip
    if kind == "push":
        made = draw(commits())
        return Push(
            provider="t", repository=draw(REPOSITORIES), ref="refs/heads/main", commits=made, after=made[-1].sha,
            before=draw(st.none() | SHAS), **named,
        )  # fmt: skip
    if kind == "incident":
        short = draw(st.lists(SHAS.map(lambda sha: sha[:8]), max_size=1))
        return Incident(
            provider="t", incident_id=draw(INCIDENTS), state=draw(st.sampled_from(["opened", "resolved"])),
            deployment_ids=tuple(draw(st.lists(IDS, max_size=1))), commits=tuple(short), **named,
        )  # fmt: skip
    if kind == "mapping":
        paths = draw(st.sampled_from([(), (), ("pay/**",), ("web/**", "docs/**")]))
        repository = draw(st.sampled_from(["git/mono", "git:1", "git/web"]))
        return catalog.Mapping(repository=repository, paths=paths, service=draw(SERVICE), removed=draw(st.booleans()))
    return catalog.Service(service=draw(SERVICE), aliases=draw(st.sampled_from([(), ("alias",), ("alias", "web")])))


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events, some of which are told anew under their identity by a later mapper."""
    told: list[Event] = []
    for number, (data, hour) in enumerate(draw(st.lists(st.tuples(payloads(), HOURS), min_size=3, max_size=14))):
        told.append(event(data, START + timedelta(hours=hour, seconds=number), f"e{number}"))
        anew = draw(st.none() | payloads())
        if anew is not None and anew.kind == data.kind:
            told.append(told[-1].model_copy(update={"data": anew, "mapperrevision": 1}))
    return told


def directly(events: list[Event]) -> dict[str, dict[date, str]]:
    """Service → month → digest, from all events at once, without a warehouse."""
    winners: dict[tuple[str, str], Event] = {}
    for one in sorted(events, key=envelope.version):
        winners[one.source, one.id] = one
    told = list(winners.values())
    mappings = Mappings.of(
        StoredFact(one.source, one.id, one.time, one.data.valid_from or one.time, one.data)
        for one in told
        if isinstance(one.data, catalog.Service | catalog.Mapping)
    )
    resolved: dict[str, list[Resolved]] = {}
    stored = [
        Stored(one.source, one.id, one.time, envelope.version(one), one.data)  # type: ignore[arg-type]
        for one in told
        if not isinstance(one.data, catalog.Fact)
    ]
    for evidence in stored:
        if not isinstance(evidence.data, Incident):
            for service, mine in mappings.resolve(evidence):
                resolved.setdefault(service, []).append(mine)
    for service, mine in assigned(stored, Pointed(stored, mappings), mappings):
        resolved.setdefault(service, []).append(mine)
    found = {
        service: {month: one.digest for month, one in slices(service, facts(service, mine, FactsConfig())).items()}
        for service, mine in resolved.items()
    }
    return {service: months for service, months in found.items() if months}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(told=histories(), data=st.data())
def test_the_facts_are_those_of_all_events_at_once(pipeline: Line, told: list[Event], data: st.DataObject) -> None:
    pipeline.empty()
    sent = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=4))))
    replayed: list[Any] = []
    while sent:
        cut = data.draw(TAKES)
        take, sent = sent[:cut], sent[cut:]
        pipeline.send(*take)
        what = data.draw(st.sampled_from(["wait", "recompute", "crash before marks", "zombie"]))
        if what == "recompute":
            replayed = pipeline.recompute()
        elif what == "crash before marks":
            pipeline.send(*take)
        elif what == "zombie" and replayed:
            asyncio.run(pipeline.recomputer.store(replayed))
    pipeline.recompute()
    found = {service: months for service, months in pipeline.heads().items() if months}
    assert found == directly(told)
    assert pipeline.rows(
        "SELECT count() FROM facts_evidence FINAL WHERE (service, month, digest) IN (SELECT service, month, digest "
        "FROM facts_heads FINAL ARRAY JOIN months AS month, digests AS digest)"
    ) >= [(len({(one.source, one.id) for one in told if not isinstance(one.data, catalog.Fact)}),)]

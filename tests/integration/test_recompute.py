"""Recompute, driven by hand: whatever order things come in, whoever stalls or dies, the last word is the right one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from schemas import catalog
from schemas.base import event_id
from schemas.delivery import Commit, Deployment, Incident, Push, Repository
from schemas.envelope import Event
from schemas.gateway import GatewayRequest, unit_id
from schemas.streams import CATALOG, DELIVERY, GATEWAY
from stream_processors.hours import recompute_hours
from stream_processors.marks import HourMark, ServiceMark
from stream_processors.recompute import Recompute
from stream_processors.warehouse import PARAMETER_BYTES, fitting
from tests.support.line import APPENDED, Line, event

REPOSITORY = Repository(id="git.example:7", name="git.example/acme/pay", default_branch="main")


def day(number: int, hour: float = 12) -> datetime:
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=number - 1, hours=hour)


def deployed(
    name: str, time: datetime, *, revision: int = 0, identity: str | None = None, status: str = "success", **fields: Any
) -> Event:
    """A status of a production deployment; without a service it is known by its repository."""
    given = {} if "service" in fields else {"repository": REPOSITORY}
    data = Deployment(provider="t", deployment_id=name, environment="production", status=status, **given, **fields)  # type: ignore[arg-type]
    return event(data, time, identity, revision=revision)


def incident(name: str, time: datetime, state: str = "opened", **fields: Any) -> Event:
    return event(Incident(provider="t", incident_id=name, state=state, **fields), time)  # type: ignore[arg-type]


def mapped(
    service: str, observed: datetime, *paths: str, repository: str = REPOSITORY.name or "", **fields: Any
) -> Event:
    return event(catalog.Mapping(repository=repository, service=service, paths=paths, **fields), observed)


def known(service: str, observed: datetime, *aliases: str) -> Event:
    return event(catalog.Service(service=service, aliases=aliases), observed)


def pushed(name: str, time: datetime, before: str | None = None, **fields: Any) -> Event:
    sha = name.ljust(40, "0")
    commits = (Commit(sha=sha, committed_at=time, clock="committer", **{"paths": None, **fields.pop("commit", {})}),)
    data = Push(
        provider="t", repository=REPOSITORY, ref="refs/heads/main", after=sha, commits=commits,
        before=before and before.ljust(40, "0"), **fields,
    )  # fmt: skip
    return event(data, time)


class TestWhereEventsBelong:
    def test_a_mapping_that_comes_after_the_events_gives_the_service_its_facts(self, pipeline: Line) -> None:
        assert pipeline.send(deployed("d1", day(1)), pushed("a1", day(2))) == {""}
        pipeline.recompute()
        assert pipeline.releases() == {}
        assert set(pipeline.evidence()) == {""}
        assert pipeline.send(mapped("pay", day(20))) == {"pay", ""}
        pipeline.recompute()
        assert pipeline.releases() == {"pay": ["d1"]}
        assert set(pipeline.evidence()) == {"pay"}
        assert pipeline.heads()[""] == {}

    def test_a_repository_that_moves_takes_its_facts_along_from_that_day_on(self, pipeline: Line) -> None:
        pipeline.send(mapped("pay", day(1)), deployed("d1", day(2)), deployed("d2", day(9, 1)), deployed("d3", day(10)))
        pipeline.recompute()
        assert pipeline.releases() == {"pay": ["d1", "d2", "d3"]}
        moves = (mapped("pay", day(9), removed=True), mapped("checkout", day(9)))
        assert pipeline.send(*moves) == {"pay", "checkout", ""}
        pipeline.recompute()
        assert pipeline.releases() == {"pay": ["d1"], "checkout": ["d2", "d3"]}

    def test_a_repository_that_nobody_holds_any_more_gives_its_events_to_no_service(self, pipeline: Line) -> None:
        pipeline.send(mapped("pay", day(1)), deployed("d1", day(2)), deployed("d2", day(10)))
        pipeline.send(mapped("pay", day(9), removed=True))
        pipeline.recompute()
        assert pipeline.releases() == {"pay": ["d1"]}
        assert set(pipeline.evidence()) == {"pay", ""}

    def test_an_alias_that_is_learnt_late_moves_what_was_sent_under_it(self, pipeline: Line) -> None:
        assert pipeline.send(deployed("d1", day(1), service="pay-api")) == {"pay-api"}
        pipeline.recompute()
        assert pipeline.send(known("pay", day(5), "pay-api")) == {"pay", "pay-api", ""}
        pipeline.recompute()
        assert pipeline.releases() == {"pay": ["d1"]}
        assert pipeline.send(deployed("d2", day(6), service="pay-api")) == {"pay"}

    def test_an_alias_that_passes_to_another_service_makes_both_dirty(self, pipeline: Line) -> None:
        pipeline.send(known("pay", day(1), "api"), deployed("d1", day(2), service="api"))
        pipeline.send(deployed("d2", day(6), service="api"))
        pipeline.recompute()
        assert pipeline.releases() == {"pay": ["d1", "d2"]}
        assert pipeline.send(known("checkout", day(5), "api")) == {"checkout", "pay", "api", ""}
        pipeline.recompute()
        assert pipeline.releases() == {"pay": ["d1"], "checkout": ["d2"]}

    def test_an_alias_that_turns_out_to_be_a_service_takes_its_events_back(self, pipeline: Line) -> None:
        pipeline.send(known("pay", day(1), "api"), deployed("d1", day(2), service="api"))
        pipeline.recompute()
        assert pipeline.releases() == {"pay": ["d1"]}
        assert pipeline.send(known("api", day(9))) >= {"api", "pay"}
        pipeline.recompute()
        assert pipeline.releases() == {"api": ["d1"]}

    def test_the_service_that_the_sender_names_wins_over_the_repository(self, pipeline: Line) -> None:
        named = deployed("d1", day(2), service="checkout")
        in_repository = named.model_copy(update={"data": named.data.model_copy(update={"repository": REPOSITORY})})
        assert pipeline.send(mapped("pay", day(1)), in_repository) == {"pay", "checkout", ""}
        pipeline.recompute()
        assert pipeline.releases() == {"checkout": ["d1"]}

    def test_a_push_that_names_another_service_is_context_of_the_repositorys_own(self, pipeline: Line) -> None:
        """A shared branch: the chain of pushes of `pay` runs through one that belongs to `checkout`."""
        chain = [pushed("a1", day(2)), pushed("a2", day(3), "a1", service="checkout"), pushed("a3", day(4), "a2")]
        assert pipeline.send(mapped("pay", day(1)), *chain) == {"pay", "checkout", ""}
        pipeline.send(deployed("d0", day(2, 13), commit="a1".ljust(40, "0")))
        pipeline.send(deployed("d1", day(5), commit="a3".ljust(40, "0")))
        pipeline.recompute()
        assert pipeline.rows("SELECT release, commits FROM facts_releases WHERE service = 'pay'") == [
            ("d0", 1),
            ("d1", 1),
        ]

    def test_a_second_service_in_a_repository_known_by_id_changes_the_first_known_by_name(self, pipeline: Line) -> None:
        pushes = pushed("a1", day(2), commit={"paths": ("web/index.html",)})
        pipeline.send(mapped("pay", day(1), "api/**"), pushes, deployed("d1", day(3)))
        pipeline.recompute()
        assert pipeline.releases() == {"pay": ["d1"]}
        assert pipeline.send(mapped("web", day(1), "web/**", repository=REPOSITORY.id or "")) == {"pay", "web", ""}
        pipeline.recompute()
        assert pipeline.releases() == {}, "the deployment names no paths: it belonged to the one service there was"
        assert pipeline.evidence()["web"][pushes.id] == "path"


class TestIncidentsThatNameAService:
    def test_what_names_none_later_is_of_the_same_one(self, pipeline: Line) -> None:
        opened, resolved = incident("i1", day(1), service="pay"), incident("i1", day(2), "resolved")
        pipeline.send(resolved)
        pipeline.recompute()
        assert pipeline.evidence()[""] == {resolved.id: "unresolved_service"}
        assert pipeline.send(opened) == {"pay", ""}
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident, resolved_at FROM incidents") == [("pay", "i1", day(2))]
        assert pipeline.evidence() == {"pay": {opened.id: "explicit", resolved.id: "incident"}}

    def test_of_two_services_the_first_has_it_alone(self, pipeline: Line) -> None:
        pipeline.send(incident("i1", day(2), "acknowledged", service="web"))
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == [("web", "i1")]
        assert pipeline.send(incident("i1", day(1), service="pay")) == {"pay", "web"}
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident, episode FROM incidents") == [("pay", "i1", 0)]

    def test_of_two_systems_are_two(self, pipeline: Line) -> None:
        pager = incident("i1", day(2), service="pay").model_copy(update={"source": "//pager.example"})
        pipeline.send(incident("i1", day(1), service="pay"), pager)
        pipeline.recompute()
        assert len(pipeline.rows("SELECT incident FROM incidents")) == 2


class TestIncidentsThatNameNoService:
    def test_it_belongs_to_the_service_whose_deployment_it_points_at(self, pipeline: Line) -> None:
        pipeline.send(deployed("d1", day(1), service="pay"))
        opened = incident("i1", day(1, 13), deployment_ids=("d1",))
        assert pipeline.send(opened) == {"pay", ""}
        pipeline.recompute()
        assert pipeline.evidence()["pay"][opened.id] == "reference"
        assert pipeline.rows("SELECT release, is_failed FROM deployments") == [("d1", 1)]
        resolved = incident("i1", day(1, 14), "resolved")
        assert pipeline.send(resolved) == {"pay", ""}
        pipeline.recompute()
        assert pipeline.evidence()["pay"][resolved.id] == "reference"
        assert pipeline.rows("SELECT incident, resolved_at FROM incidents") == [("i1", day(1, 14))]

    def test_the_deployment_may_come_after_the_incident(self, pipeline: Line) -> None:
        opened = incident("i1", day(1, 13), deployment_ids=("d1",))
        resolved = incident("i1", day(1, 14), "resolved")
        assert pipeline.send(opened, resolved) == {""}
        pipeline.recompute()
        assert pipeline.evidence()[""] == {opened.id: "unresolved_service", resolved.id: "unresolved_service"}
        assert pipeline.send(deployed("d1", day(1), service="pay")) == {"pay", ""}
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident, resolved_at FROM incidents") == [("pay", "i1", day(1, 14))]
        assert "" not in pipeline.evidence()

    def test_a_short_commit_means_its_long_one(self, pipeline: Line) -> None:
        pipeline.send(deployed("d1", day(1), service="pay", commit="abcdef12" + "0" * 32))
        assert pipeline.send(incident("i1", day(1, 13), commits=("abcdef12",))) == {"pay", ""}
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == [("pay", "i1")]

    def test_a_long_commit_means_its_short_one(self, pipeline: Line) -> None:
        pipeline.send(incident("i1", day(1, 13), commits=("abcdef12" + "0" * 32,)))
        assert pipeline.send(deployed("d1", day(1), service="pay", commit="abcdef12")) == {"pay", ""}
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == [("pay", "i1")]

    def test_deployments_with_like_ids_are_left_alone(self, pipeline: Line) -> None:
        pipeline.send(deployed("12345670", day(1), service="pay"), deployed("12345671", day(1), service="web"))
        assert pipeline.send(incident("i1", day(1, 13), deployment_ids=("12345671",))) == {"web", ""}
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == [("web", "i1")]

    def test_an_incident_that_is_told_anew_leaves_the_service_it_pointed_at(self, pipeline: Line) -> None:
        pipeline.send(deployed("d1", day(1), service="pay"), deployed("d2", day(1), service="web"))
        first = incident("i1", day(1, 13), deployment_ids=("d1",))
        pipeline.send(first)
        pipeline.recompute()
        again = first.data.model_copy(update={"deployment_ids": ("d2",)})
        assert pipeline.send(first.model_copy(update={"data": again, "mapperrevision": 1})) == {"pay", "web", ""}
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == [("web", "i1")]
        named = first.data.model_copy(update={"deployment_ids": (), "service": "checkout"})
        assert pipeline.send(first.model_copy(update={"data": named, "mapperrevision": 2})) >= {"web", "checkout", ""}
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == [("checkout", "i1")]

    def test_a_commit_that_only_a_push_tells(self, pipeline: Line) -> None:
        sha = "abcdef12" + "0" * 32
        pushed = Push(provider="t", repository=REPOSITORY, ref="main", after=sha, commits=(Commit(sha=sha),))
        pipeline.send(mapped("pay", day(1)))
        pipeline.send(incident("i1", day(2), commits=("abcdef12",)))
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == []
        assert pipeline.send(event(pushed, day(1))) == {"pay", ""}
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == [("pay", "i1")]

    def test_it_is_of_one_service_only_and_leaves_it_whole(self, pipeline: Line) -> None:
        pipeline.send(deployed("d1", day(1), service="web"), incident("i1", day(1, 13), deployment_ids=("d1", "d2")))
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == [("web", "i1")]
        assert pipeline.send(deployed("d2", day(1), service="pay")) == {"pay", "web", ""}
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == [("pay", "i1")]

    def test_a_repository_that_moves_takes_it_along_from_a_third_service(self, pipeline: Line) -> None:
        pipeline.send(mapped("web", day(1)))
        pipeline.send(deployed("d1", day(2)), deployed("d2", day(2), service="shop"))
        pipeline.send(incident("i1", day(2, 13), deployment_ids=("d1", "d2")))
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == [("shop", "i1")]
        pipeline.send(mapped("pay", day(1), valid_from=day(1)), mapped("web", day(1), valid_from=day(1), removed=True))
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == [("pay", "i1")]

    def test_a_deployment_that_is_told_anew_lets_the_incident_go(self, pipeline: Line) -> None:
        told = {"service": "pay", "identity": "d1"}
        pipeline.send(deployed("d1", day(1), commit="a" * 40, **told), incident("i1", day(1, 13), commits=("a" * 40,)))
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == [("pay", "i1")]
        assert pipeline.send(deployed("d1", day(1), commit="b" * 40, revision=1, **told)) == {"pay", ""}
        pipeline.recompute()
        assert pipeline.rows("SELECT service, incident FROM incidents") == []
        assert set(pipeline.evidence()) == {"pay", ""}


class TestTwoContentsUnderOneIdentity:
    old = deployed("d1", day(1), identity="d1", service="pay")
    new = deployed("d1", day(1), identity="d1", service="checkout", revision=1)

    @pytest.mark.parametrize("order", [(old, new), (new, old)], ids=["old-new", "new-old"])
    def test_the_higher_revision_counts_in_either_order(self, pipeline: Line, order: tuple[Event, Event]) -> None:
        pipeline.send(order[0])
        pipeline.recompute()
        assert pipeline.send(order[1]) == {"pay", "checkout"}
        pipeline.recompute()
        assert pipeline.releases() == {"checkout": ["d1"]}
        assert set(pipeline.evidence()) == {"checkout"}

    def test_a_crash_between_insert_and_marks_is_made_good_by_the_replay(self, pipeline: Line) -> None:
        pipeline.send(self.old)
        pipeline.recompute()
        pipeline.send(self.new)
        pipeline.marks.clear()  # it died before it had sent them
        assert pipeline.send(self.new) == {"pay", "checkout"}
        pipeline.recompute()
        assert pipeline.releases() == {"checkout": ["d1"]}

    def test_a_content_that_lost_does_not_count_where_it_alone_names_no_service(self, pipeline: Line) -> None:
        unnamed = deployed("d1", day(1), identity="d1")
        pipeline.send(unnamed)
        pipeline.recompute()
        assert set(pipeline.evidence()) == {""}
        assert pipeline.send(self.new) == {"checkout", ""}
        pipeline.recompute()
        assert set(pipeline.evidence()) == {"checkout"}

    def test_a_mapping_told_anew_makes_the_service_it_named_before_dirty(self, pipeline: Line) -> None:
        first = mapped("pay", day(1))
        pipeline.send(first, deployed("d1", day(2)))
        pipeline.recompute()
        data = catalog.Mapping(repository=REPOSITORY.name or "", service="checkout")
        assert pipeline.send(first.model_copy(update={"data": data, "mapperrevision": 1})) == {"pay", "checkout", ""}
        pipeline.recompute()
        assert pipeline.releases() == {"checkout": ["d1"]}


def compute_late(pipeline: Line, recompute: Recompute, offset: int, meanwhile: Any) -> None:
    """A recompute of `pay` at that offset, stalled before it writes its head until `meanwhile` has happened."""

    async def run() -> None:
        real, done = pipeline.warehouse.insert, asyncio.Event()

        async def stalled(table: str, rows: pa.Table) -> None:
            if table == "facts_heads":
                await done.wait()
            await real(table, rows)

        late = recompute._services
        slow = _Stalled(pipeline.warehouse, stalled)
        late._warehouse = slow  # type: ignore[assignment]
        task = asyncio.ensure_future(late.recompute({ServiceMark("pay"): offset}, {ServiceMark("pay"): APPENDED}))
        await slow.reached.wait()
        await asyncio.to_thread(meanwhile)
        done.set()
        await task

    asyncio.run(run())


class _Stalled:
    """A warehouse whose inserts go through another function, and which says when the head is about to be written."""

    def __init__(self, warehouse: Any, insert: Any) -> None:
        self._warehouse, self._insert = warehouse, insert
        self.reached = asyncio.Event()

    async def insert(self, table: str, rows: pa.Table) -> None:
        if table == "facts_heads":
            self.reached.set()
        await self._insert(table, rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._warehouse, name)


class TestHeads:
    def test_an_unchanged_slice_is_not_written_again(self, pipeline: Line, monkeypatch: pytest.MonkeyPatch) -> None:
        pipeline.send(deployed("d1", day(1), service="pay"), deployed("d2", day(40), service="pay"))
        pipeline.recompute()
        before = pipeline.heads()
        written = spy_on_inserts(pipeline, monkeypatch)
        pipeline.mark(b"service/pay")
        pipeline.recompute()
        assert written == {"facts_heads": 1}
        pipeline.send(deployed("d3", day(41), service="pay"))
        written.clear()
        pipeline.recompute()
        assert written["facts_attempts"] == 2, "two in April, none of the one in March"
        assert pipeline.heads()["pay"][day(1).date()] == before["pay"][day(1).date()]
        assert pipeline.releases() == {"pay": ["d1", "d2", "d3"]}

    def test_what_no_longer_holds_is_gone(self, pipeline: Line) -> None:
        identity = {"identity": "d1", "service": "pay"}
        pipeline.send(deployed("d1", day(1), **identity))
        pipeline.recompute()
        pipeline.send(deployed("d1", day(1), revision=1, status="cancelled", **identity))
        pipeline.recompute()
        assert pipeline.releases() == {}

    def test_a_recompute_that_stalled_with_older_rows_does_not_win(self, pipeline: Line) -> None:
        pipeline.send(deployed("d1", day(1), service="pay"))
        pipeline.recompute()
        slow = Recompute(pipeline.warehouse, pipeline.settings)
        pipeline.offset = 4

        def meanwhile() -> None:
            pipeline.send(deployed("d2", day(2), service="pay"))
            pipeline.recompute()

        compute_late(pipeline, slow, 3, meanwhile)
        assert pipeline.releases() == {"pay": ["d1", "d2"]}
        assert pipeline.rows("SELECT version FROM facts_heads FINAL WHERE service = 'pay'") == [(4,)]

    def test_two_at_once_with_one_version_leave_a_whole_result_and_the_next_mark_settles_it(
        self, pipeline: Line
    ) -> None:
        """A tie: both took marks up to the same offset, one read a row whose own mark is still to come."""
        pipeline.send(deployed("d1", day(1), service="pay"))
        slow = Recompute(pipeline.warehouse, pipeline.settings)

        def meanwhile() -> None:
            pipeline.send(deployed("d2", day(2), service="pay"))
            asyncio.run(pipeline.recomputer._services.recompute({ServiceMark("pay"): 0}, {ServiceMark("pay"): day(3)}))

        compute_late(pipeline, slow, 0, meanwhile)
        assert pipeline.releases()["pay"] in (["d1"], ["d1", "d2"])
        pipeline.recompute()
        assert pipeline.releases() == {"pay": ["d1", "d2"]}

    def test_versions_of_a_new_incarnation_outrank_all_of_the_one_before(self, pipeline: Line) -> None:
        pipeline.send(deployed("d1", day(1), service="pay"))
        pipeline.offset = 2**40 - 1
        pipeline.mark(b"service/pay")
        pipeline.recompute()
        pipeline.send(deployed("d2", day(2), service="pay"))
        pipeline.marks.clear()
        pipeline.offset = 0
        pipeline.mark(b"service/pay")
        anew = Recompute(pipeline.warehouse, pipeline.settings.model_copy(update={"incarnation": 1}))
        asyncio.run(anew.store(pipeline.take_marks()))
        assert pipeline.releases() == {"pay": ["d1", "d2"]}

    def test_a_crash_at_any_statement_and_a_second_run_equal_a_clean_one(
        self, pipeline: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events = [
            mapped("web", day(1)), pushed("a1", day(1)), pushed("a2", day(2), "a1"),
            deployed("w1", day(2), commit="a2".ljust(40, "0")), deployed("p1", day(1), service="pay"),
            deployed("p2", day(33), service="pay"), incident("i1", day(33, 13), deployment_ids=("p2",)),
            incident("i2", day(2), deployment_ids=("nowhere",)),
        ]  # fmt: skip
        pipeline.send(*events)
        written = spy_on_inserts(pipeline, monkeypatch)
        marks = pipeline.recompute()
        clean, statements = (pipeline.heads(), pipeline.releases(), pipeline.evidence()), len(written)
        assert statements == 8
        for survived in range(statements):
            pipeline.empty()
            pipeline.send(*events)
            with monkeypatch.context() as patch:
                die_after(pipeline, patch, survived)
                with pytest.raises(RuntimeError, match="died"):
                    pipeline.recompute(marks)
            assert pipeline.releases() == {}, "readers see nothing before the heads"
            pipeline.recompute(marks)
            assert (pipeline.heads(), pipeline.releases(), pipeline.evidence()) == clean, survived


def spy_on_inserts(pipeline: Line, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Table → rows, of every insert that is not empty."""
    real, written = pipeline.warehouse.insert, dict[str, int]()

    async def spy(table: str, rows: pa.Table) -> None:
        if rows.num_rows:
            written[table] = written.get(table, 0) + rows.num_rows
        await real(table, rows)

    monkeypatch.setattr(pipeline.warehouse, "insert", spy)
    return written


def die_after(pipeline: Line, patch: pytest.MonkeyPatch, inserts: int) -> None:
    """Let so many inserts that are not empty happen, then die before the next."""
    real, left = pipeline.warehouse.insert, [inserts]

    async def insert(table: str, rows: pa.Table) -> None:
        if rows.num_rows:
            if not left[0]:
                raise RuntimeError("died")
            left[0] -= 1
        await real(table, rows)

    patch.setattr(pipeline.warehouse, "insert", insert)


HOUR = datetime(2026, 6, 1, 10, tzinfo=UTC)


def requests(name: str, *hours: int, service: str = "api", consumer: str = "web") -> list[GatewayRequest]:
    """A unit with one request in each of these hours after `HOUR`."""
    return [
        GatewayRequest(
            unit=unit_id("//gateway", name, b""),
            at=HOUR + timedelta(hours=hour, minutes=number),
            service=service,
            route="/",
            method="GET",
            status=200,
            outcome="ok",
            consumer=consumer,
            latency_us=1_000,
        )
        for number, hour in enumerate(hours)
    ]


def at(hour: int) -> str:
    return f"{HOUR + timedelta(hours=hour):%Y-%m-%d %H:%M:%S}"


class TestHours:
    def test_a_unit_counts_once_also_when_it_is_replayed_on_another_day(self, pipeline: Line) -> None:
        unit = requests("u", 0, 0, 1)
        pipeline.send_traffic(unit)
        pipeline.send_traffic(unit, on=APPENDED + timedelta(days=30))
        pipeline.recompute()
        assert pipeline.rows("SELECT uniqExact(ingest_day) FROM gateway_unit_rows") == [(2,)]
        assert pipeline.hours() == {("api", at(0)): 2, ("api", at(1)): 1}

    @pytest.mark.parametrize("first", [0, 1])
    def test_of_two_contents_of_a_unit_the_greatest_counts(self, pipeline: Line, first: int) -> None:
        contents = [requests("u", 0, 0, 1), requests("u", 0, 2, 2, 2)]
        pipeline.send_traffic(contents[first])
        pipeline.recompute()
        pipeline.send_traffic(requests("other", 0))
        assert len(pipeline.send_traffic(contents[1 - first])) == 3, "the hours of both contents"
        pipeline.recompute()
        (greatest,) = pipeline.rows(
            "SELECT toUInt8(requests) FROM gateway_units WHERE requests > 1 ORDER BY content DESC LIMIT 1"
        )
        assert (
            pipeline.hours()
            == {
                (3,): {("api", at(0)): 3, ("api", at(1)): 1, ("api", at(2)): 0},
                (4,): {("api", at(0)): 2, ("api", at(1)): 0, ("api", at(2)): 3},
            }[greatest]
        )

    def test_a_crash_between_rows_and_ledger_is_made_good_by_the_replay(
        self, pipeline: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        unit = requests("u", 0, 1)
        with monkeypatch.context() as patch:
            die_after(pipeline, patch, 1)
            with pytest.raises(RuntimeError, match="died"):
                pipeline.send_traffic(unit)
        pipeline.send_traffic(unit)
        pipeline.recompute()
        assert pipeline.hours() == {("api", at(0)): 1, ("api", at(1)): 1}
        assert pipeline.rows("SELECT count() FROM gateway_units FINAL") == [(1,)]

    def test_a_recompute_that_stalled_with_older_rows_does_not_win(self, pipeline: Line) -> None:
        """Its result is made by the engine from the rows it finds, so "older rows" are those of an emptied table."""
        mark = HourMark("api", HOUR)
        pipeline.send_traffic(requests("u", 0))
        asyncio.run(recompute_hours(pipeline.warehouse, {mark: 5}, zone="UTC"))
        asyncio.run(pipeline.warehouse.command("TRUNCATE TABLE gateway_unit_rows"))
        asyncio.run(recompute_hours(pipeline.warehouse, {mark: 3}, zone="UTC"))
        assert pipeline.hours() == {("api", at(0)): 1}
        asyncio.run(recompute_hours(pipeline.warehouse, {mark: 1 << 40}, zone="UTC"))
        assert pipeline.hours() == {("api", at(0)): 0}, "a new incarnation outranks"

    def test_an_hour_with_local_midnight_in_it_is_cut_there(self, pipeline: Line) -> None:
        """Midnight of Kolkata is 18:30 UTC: alike requests before and after it are of two days, Sunday and Monday."""
        sunday, monday = (datetime(2026, 6, 7, 18, minute, tzinfo=UTC) for minute in (29, 30))
        (alike,) = requests("u", 0)
        pipeline.send_traffic([alike.model_copy(update={"at": at}) for at in (sunday, sunday, monday)])
        there = Recompute(pipeline.warehouse, pipeline.settings.model_copy(update={"time_zone": "Asia/Kolkata"}))
        asyncio.run(there.store(pipeline.take_marks()))
        days = "SELECT toString(toDate(first_at, 'Asia/Kolkata')) AS day, requests FROM gateway_hours ORDER BY day"
        assert pipeline.rows(days) == [("2026-06-07", 2), ("2026-06-08", 1)]

    def test_hours_are_those_of_their_own_service(self, pipeline: Line) -> None:
        pipeline.send_traffic(requests("u", 0), requests("v", 1, service='O\'Brien \\ "x"\t{n}/é'))
        pipeline.recompute()
        assert pipeline.hours() == {("api", at(0)): 1, ('O\'Brien \\ "x"\t{n}/é', at(1)): 1}


class TestDeadLetters:
    def test_the_same_poison_twice_is_one_letter(self, pipeline: Line) -> None:
        headers = [("ce_type", b"adoption.push.v1"), ("trace", b"1"), ("trace", b"2")]
        for _ in range(2):
            assert pipeline.send_poison(DELIVERY.topic, b"\xff{", headers) == {"not_json"}
        assert pipeline.send_poison(GATEWAY.topic, b"\xff{") == {"not_a_batch"}
        assert pipeline.send_poison(CATALOG.topic, b"\xff{") == {"unknown_type"}
        found = pipeline.rows("SELECT topic, reason, length(headers) FROM dead_letters FINAL ORDER BY topic")
        assert found == [
            (CATALOG.topic, "unknown_type", 0), (DELIVERY.topic, "not_json", 3), (GATEWAY.topic, "not_a_batch", 0)
        ]  # fmt: skip

    def test_letters_that_differ_anywhere_are_two(self, pipeline: Line) -> None:
        for headers in ([("a", b"bc")], [("ab", b"c")], [("a", b"b"), ("", b"c")]):
            pipeline.send_poison(DELIVERY.topic, b"x", headers)
        assert pipeline.rows("SELECT count() FROM dead_letters FINAL") == [(3,)]


class TestParameters:
    """ClickHouse takes 128 KiB a parameter over HTTP; long lists are cut."""

    def test_names_with_every_awkward_character_come_back(self, pipeline: Line) -> None:
        names = [
            "O'Brien",
            "back\\slash",
            "a\tb\nc",
            "{x:String}",
            "[1, 'x']",
            "%s %(a)s",
            "ü/é",
            "NULL",
            "\\N",
            "'); DROP",
        ]
        for number, name in enumerate(names):
            pipeline.send(deployed(f"d{number}", day(1), service=name))
        pipeline.recompute()
        assert pipeline.releases() == {name: [f"d{number}"] for number, name in enumerate(names)}

    def test_twenty_thousand_identities_are_looked_up(self, pipeline: Line) -> None:
        """Our engine takes a parameter of any length; a server would not, so it is never tried."""
        words = [event_id("word", number) for number in range(20_000)]
        sql = "SELECT length({words:Array(String)})"
        assert pipeline.rows(sql, {"words": words}) == [(20_000,)]
        parts = list(fitting(words))
        assert [word for part in parts for word in part] == words
        assert all(len(repr(part)) < PARAMETER_BYTES + 1000 for part in parts)

    def test_a_take_of_long_identities_is_marked(self, pipeline: Line) -> None:
        take = [
            deployed(f"d{n}", day(1), service=f"s{n}").model_copy(update={"source": f"//{'x' * 400}/{n}"})
            for n in range(500)
        ]
        assert len(pipeline.send(*take)) == 500

    def test_a_unit_of_its_own_for_each_of_ten_thousand_requests(self, pipeline: Line) -> None:
        units = [requests(f"u{number}", number % 5) for number in range(10_000)]
        pipeline.send_traffic(*units)
        pipeline.recompute()
        assert sum(pipeline.hours().values()) == 10_000


def test_nothing_is_dirty_where_nothing_was_said(pipeline: Line) -> None:
    assert pipeline.send() == set()
    pipeline.recompute()
    assert pipeline.heads() == {}

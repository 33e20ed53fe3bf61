"""Real payloads of public projects, where they are at hand, through a running stack by the ways that users have.

Each becomes an event, or is ignored, set aside or refused with a reason; none is an error of ours; and what was
produced is in the warehouse, each identity once. They lie beside the repository (`ADOPTION_SHARED` names another place)
and are never part of it: a machine without them has nothing to run, in CI their absence is an error.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.streams import CATALOG, DEAD_LETTERS, DELIVERY, GATEWAY
from tests.support.commands import Message, adoption, messages
from tests.support.embedded import Embedded
from tests.support.ingest_service import signature

ROOT = Path(os.environ.get("ADOPTION_SHARED") or Path(__file__).parents[3] / "shared") / "fixtures" / "payloads"
JSON = {"content-type": "application/json"}
DEFECTS = {"mapper_failed"}
"""Reasons that are a way of saying 500."""


@dataclass
class Became:
    """What the payloads of one kind became.

    Attributes:
        sent: files.
        mapped: files of which an event or a request was made.
        events: those events or requests.
        ignored: reason -> things left out.
        dead: reason -> things set aside as dead letters.
        refused: "status reason" -> files refused, or lines of a log that the shipper lists as unreadable.
        lost: files that nothing is said about.
    """

    sent: int = 0
    mapped: int = 0
    events: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)

    def take(self, name: str, answer: httpx.Response) -> None:
        """Count one answer of the ingest service."""
        assert answer.status_code < 500, f"{name}: {answer.status_code} {answer.text}"
        body = answer.json()
        self.sent += 1
        if answer.status_code != 202:
            assert body["message"], name
            self.refused[f"{answer.status_code} {body['error']}"] += 1
            return
        self.mapped += body["accepted"] > 0
        self.events += body["accepted"]
        self.ignored.update(body["ignored"])
        self.dead.update(body["dead_lettered"])
        if not (body["accepted"] or body["ignored"] or body["dead_lettered"]):
            self.lost.append(name)


Outcome = dict[str, Became]
"""Kind of payload -> what became of its files."""


def files(kind: str) -> list[Path]:
    return sorted((ROOT / kind).iterdir())


@pytest.fixture(scope="module", autouse=True)
def payloads() -> list[str]:
    """The kinds that are at hand; before any stack is started."""
    if not ROOT.is_dir() and not os.environ.get("CI"):
        pytest.skip(f"no payloads in {ROOT}: only a machine that has them runs these")
    assert ROOT.is_dir(), f"expected the shared payloads in {ROOT}; set ADOPTION_SHARED"
    wanted = {"kong", "am", "ce", "backstage"}
    kinds = sorted(one.name for one in ROOT.iterdir() if one.name.startswith(("gh.", "nginx.")) or one.name in wanted)
    assert wanted < set(kinds), kinds
    return kinds


@pytest.fixture(scope="module")
def outcome(payloads: list[str], stack: Embedded) -> Outcome:
    """All payloads sent, and everything settled; the table of what became of them is printed."""
    became: Outcome = defaultdict(Became)
    for kind in payloads:
        if kind.startswith("nginx."):
            ship(stack, kind, became[kind])
        elif kind == "backstage":
            import_catalog(stack, became[kind])
        else:
            post(stack, kind, became[kind])
    stack.settle()
    print(table(became))  # noqa: T201 - the table of counts is what this run is for
    return became


def post(stack: Embedded, kind: str, became: Became) -> None:
    """Each file by the vendor's own way to the ingest service."""
    with stack.client() as client:
        for path in files(kind):
            raw = path.read_bytes()
            address, headers = request_of(kind, path, raw, stack.secrets["github_secret"])
            became.take(path.name, client.post(address, content=raw, headers=headers))


def request_of(kind: str, path: Path, raw: bytes, secret: str) -> tuple[str, dict[str, str]]:
    if kind.startswith("gh."):
        # GitHub's own examples name the event in the file: octokit-webhooks__<event>__<name>.json.
        project, named, *_ = path.name.split("__")
        event = named if project == "octokit-webhooks" else kind.removeprefix("gh.")
        return "/v1/webhooks/github", JSON | {"x-github-event": event} | signature(raw, secret)
    return {
        "kong": ("/v1/gateway/kong", JSON),
        "am": ("/v1/webhooks/alertmanager", JSON),
        "ce": ("/v1/events", {"content-type": "application/cloudevents+json"}),
    }[kind]


def ship(stack: Embedded, kind: str, became: Became) -> None:
    """Each log through the shipper, to its end."""
    form = kind.removeprefix("nginx.")
    for path in files(kind):
        said = adoption(stack.folder, "tail", "--once", "--format", form, "--service", "web", path)
        became.sent += 1
        if said.status != 0:
            assert said.err.startswith("Error: "), said
            became.refused[said.err.removeprefix("Error: ").strip()] += 1
            continue
        requests = number_before(r" requests of", said.out)
        became.mapped += requests > 0
        became.events += requests
        for count, reason in re.findall(r"not readable: ([\d,]+) lines, (\S+);", said.err):
            became.refused[f"line {reason}"] += number(count)
        for count, reason in re.findall(r"left out: ([\d,]+) lines, (\S+)", said.err):
            became.ignored[reason] += number(count)
        if not requests and "lines" not in said.err:
            became.lost.append(path.name)


def import_catalog(stack: Embedded, became: Became) -> None:
    """The tree as a catalog; what is no descriptor by itself, to hear what is said about it."""
    said = adoption(stack.folder, "catalog", "import", ROOT / "backstage")
    assert said.status in {0, 1}, said
    became.events = number_before(r" new or changed facts", said.out)
    became.mapped = number_before(r" files:", said.out)
    for count, reason in re.findall(r"left out: ([\d,]+) with (\S+)", said.err):
        became.ignored[reason] += number(count)
    became.refused.update(line.split(": ", 2)[2] for line in said.err.splitlines() if line.startswith("not imported"))
    others = [path for path in files("backstage") if path.suffix != ".yaml"]
    for path in others:
        refusal = adoption(stack.folder, "catalog", "import", path)
        assert refusal.status == 1, refusal
        assert "not imported: " in refusal.err, refusal
        became.refused[refusal.err.partition(": ")[2].splitlines()[0]] += 1
    became.sent = len(files("backstage"))


def number(text: str) -> int:
    return int(text.replace(",", ""))


def number_before(what: str, text: str) -> int:
    found = re.search(rf"([\d,]+){what}", text)
    assert found, text
    return number(found[1])


def table(outcome: Outcome) -> str:
    lines = ["| kind | files | mapped | events | ignored | dead letters | refused |", "|---|---|---|---|---|---|---|"]
    for kind, became in sorted(outcome.items()):
        reasons = [
            ", ".join(f"{reason} {count}" for reason, count in sorted(counter.items()))
            for counter in (became.ignored, became.dead, became.refused)
        ]
        lines.append(f"| {kind} | {became.sent} | {became.mapped} | {became.events} | {' | '.join(reasons)} |")
    return "\n" + "\n".join(lines)


def test_every_payload_is_mapped_or_ignored_or_refused_with_a_reason(outcome: Outcome) -> None:
    for kind, became in outcome.items():
        assert not became.lost, kind
        assert not DEFECTS & {*became.dead, *became.ignored}, kind
        assert became.sent == len(files(kind)), kind


@pytest.fixture(scope="module")
def produced(stack: Embedded, outcome: Outcome) -> dict[str, list[Message]]:
    """Stream -> the records on its topic."""
    streams = (DELIVERY, CATALOG, GATEWAY, DEAD_LETTERS)
    return {stream.name: messages(stack.settings.kafka_bootstrap, stream) for stream in streams}


def test_what_was_accepted_was_produced(produced: dict[str, list[Message]], outcome: Outcome) -> None:
    accepted = Counter[str]()
    for kind, became in outcome.items():
        accepted[CATALOG.name if kind == "backstage" else family(kind)] += became.events
        accepted[DEAD_LETTERS.name] += sum(became.dead.values())
    for stream in (DELIVERY, CATALOG, DEAD_LETTERS):
        assert len(produced[stream.name]) == accepted[stream.name], stream.name


def family(kind: str) -> str:
    return GATEWAY.name if kind == "kong" or kind.startswith("nginx.") else DELIVERY.name


def test_what_was_produced_is_counted_or_a_duplicate_or_a_dead_letter(
    stack: Embedded, outcome: Outcome, produced: dict[str, list[Message]]
) -> None:
    letters = Counter(message.headers["adoption-origin"].decode() for message in produced[DEAD_LETTERS.name])
    for stream in (DELIVERY, CATALOG):
        identities = [(one.headers["ce_source"], one.headers["ce_id"]) for one in produced[stream.name]]
        duplicates = len(identities) - len(set(identities))
        ((counted,),) = stack.rows(f"SELECT uniqExact(source, id) FROM adoption.{stream.table} FINAL")
        assert len(identities) == counted + duplicates + letters[stream.topic], stream.name
    assert letters[GATEWAY.topic] == 0
    requests = sum(became.events for kind, became in outcome.items() if family(kind) == GATEWAY.name)
    assert stack.rows("SELECT sum(requests) FROM adoption.gateway_hours") == [(requests,)]
    assert stack.rows("SELECT count() FROM adoption.dead_letter_list") == [(letters.total(),)]


def test_every_dead_letter_says_what_was_expected(stack: Embedded, outcome: Outcome) -> None:
    rows: list[tuple[Any, ...]] = stack.rows("SELECT origin, reason, detail FROM adoption.dead_letter_list")
    assert Counter(reason for _, reason, _ in rows) == sum((became.dead for became in outcome.values()), Counter())
    assert all("expected" in detail for _, _, detail in rows), rows


def test_every_delivery_event_is_evidence(stack: Embedded, outcome: Outcome) -> None:
    """Nothing vanishes between archive and facts: each event is counted, or there is a reason."""
    silent = stack.rows(
        "SELECT source, id, kind FROM adoption.delivery_events FINAL "
        "WHERE kind != 'ci_run' AND (source, id) NOT IN (SELECT source, event FROM adoption.evidence)"
    )
    assert silent == []
    assert stack.rows("SELECT count() FROM adoption.evidence WHERE NOT counted AND reason = ''") == [(0,)]

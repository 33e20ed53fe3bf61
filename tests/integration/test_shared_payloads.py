"""Real payloads of public projects, where they are at hand, through the mappers: each is mapped, ignored, or refused.

They lie beside the repository (`ADOPTION_SHARED` names another place) and are never part of it. On a machine without
them there is nothing to run; in CI their absence is an error.
"""

import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources import alertmanager, backstage, kong
from producers.sources.common import Context, Rejected
from producers.sources.github import mapper as github
from producers.sources.line_mapper import map_lines
from schemas import envelope, gateway
from schemas.delivery import CiRun, Deployment, Incident, Merge, Push

ROOT = Path(os.environ.get("ADOPTION_SHARED") or Path(__file__).parents[3] / "shared") / "fixtures" / "payloads"
CONTEXT = Context(salt=b"salt")
UNIT = "0" * 32
GITHUB = {
    "push": Push,
    "pull_request": Merge,
    "workflow_run": CiRun,
    "deployment": Deployment,
    "deployment_status": Deployment,
    "release": Deployment,
}


def payloads(kind):
    return sorted((ROOT / kind).glob("*")) if ROOT.is_dir() else []


FILES = [
    pytest.param(path, id=f"{path.parent.name}/{path.name}")
    for kind in (sorted(folder.name for folder in ROOT.glob("*")) if ROOT.is_dir() else [])
    if kind.startswith(("gh.", "nginx.")) or kind in {"kong", "am", "ce", "backstage"}
    for path in payloads(kind)
]


def test_the_shared_payloads_are_at_hand():
    if not FILES and not os.environ.get("CI"):
        pytest.skip(f"no payloads in {ROOT}: only a machine that has them runs these")
    assert len(FILES) > 100, f"expected the shared payloads in {ROOT}; set ADOPTION_SHARED"


@pytest.mark.parametrize("path", FILES)
def test_a_real_payload_is_mapped_ignored_or_refused(path):
    try:
        made, ignored = through(path)
    except Rejected as rejected:
        made, ignored = (), (rejected.reason,)
    assert made or ignored


def through(path):
    """What a payload becomes, and what of it is left out."""
    kind = path.parent.name
    if kind.startswith("nginx."):
        mapped = map_lines(path.read_bytes(), unit=UNIT, format=kind.removeprefix("nginx."), context=CONTEXT)
        return mapped.rows.to_pylist(), mapped.rejected
    if kind == "backstage":
        mapped = backstage.map_text(path.read_text(), observed=datetime(2024, 6, 1, tzinfo=UTC))
        return mapped.events, mapped.ignored
    payload = json.loads(path.read_text())
    if kind == "kong":
        mapped = kong.map_records([payload], unit=UNIT, context=CONTEXT)
        return mapped.rows.to_pylist(), mapped.rejected
    if kind == "ce":
        with pytest.raises(envelope.UnknownTypeError):
            envelope.contract_of(payload.get("type"))
        return (), ("unknown_type",)
    mapper = alertmanager if kind == "am" else github
    mapped = mapper.map_payload(payload, {}, CONTEXT)
    return mapped.events, mapped.ignored


@pytest.mark.skipif(not FILES, reason="no shared payloads here")
@pytest.mark.parametrize("event", GITHUB)
def test_real_payloads_of_a_kind_become_that_kind(event):
    became = Counter()
    for path in payloads(f"gh.{event}"):
        try:
            mapped = github.map_payload(json.loads(path.read_text()), {}, CONTEXT)
        except Rejected as rejected:
            became[rejected.reason] += 1
        else:
            became.update(type(one.data) for one in mapped.events)
    assert became[GITHUB[event]] > 0
    assert set(became) <= {GITHUB[event], Deployment, "missing_field"}, became


@pytest.mark.skipif(not FILES, reason="no shared payloads here")
def test_hooks_of_no_interest_are_never_refused():
    for path in payloads("gh.irrelevant"):
        mapped = github.map_payload(json.loads(path.read_text()), {}, CONTEXT)
        assert mapped.events == (), path.name
        assert mapped.ignored, path.name


@pytest.mark.skipif(not FILES, reason="no shared payloads here")
def test_real_log_lines_are_rows_of_the_contract():
    for kind in ("nginx.combined", "nginx.ingress"):
        for path in payloads(kind):
            chunk = path.read_bytes()
            mapped = map_lines(chunk, unit=UNIT, format=kind.removeprefix("nginx."), context=CONTEXT, service="web")
            assert mapped.rejected == ()
            assert mapped.rows.num_rows == sum(bool(line.strip()) for line in chunk.splitlines())
            assert gateway.decode(gateway.encode(mapped.rows), gateway.ARROW).num_rows == mapped.rows.num_rows


@pytest.mark.skipif(not FILES, reason="no shared payloads here")
def test_real_alerts_and_descriptors_are_facts():
    alerts = [event.data for path in payloads("am") for event in through(path)[0]]
    assert {type(data) for data in alerts} == {Incident}
    descriptors = [path for path in payloads("backstage") if path.suffix == ".yaml"]
    kinds = Counter(event.data.kind for path in descriptors for event in through(path)[0])
    assert kinds["service"] >= 15
    assert kinds["ownership"] >= 14
    assert kinds["mapping"] >= 9
    assert kinds["team"] == 3

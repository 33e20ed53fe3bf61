"""Real payloads of public projects, where they are at hand, and mutants of each: mapped, ignored or refused.

They lie beside the repository (`ADOPTION_SHARED` names another place). On a machine without them there is nothing to
run; in CI their absence is an error. `ADOPTION_MUTANTS` sets how many mutants a payload has: 200 is the long form.
"""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.sources.common import Rejected
from producers.sources.registry import SOURCES
from schemas.envelope import from_kafka, to_kafka
from tests.support.mutants import mutants
from tests.support.source_examples import CONTEXT, UNIT

ROOT = Path(os.environ.get("ADOPTION_SHARED") or Path(__file__).parents[3] / "shared") / "fixtures" / "payloads"
MUTANTS = int(os.environ.get("ADOPTION_MUTANTS", "1"))
OF_KIND = {
    "ado": "azure-devops",
    "am": "alertmanager",
    "apisix": "apisix",
    "argo": "argocd",
    "bb": "bitbucket",
    "bbs": "bitbucket-server",
    "bk": "buildkite",
    "cci": "circleci",
    "cde": "cdevents",
    "cfn": "aws",
    "flux": "flux",
    "gh": "github",
    "gitea": "gitea",
    "gl": "gitlab",
    "graf": "grafana",
    "gravitee4": "gravitee",
    "iio": "incident-io",
    "k8s": "kubernetes",
    "kong": "kong",
    "kubewatch": "kubernetes",
    "og": "opsgenie",
    "otlp": "otlp",
    "pd3": "pagerduty",
    "sp": "statuspage",
    "tekton": "tekton",
    "tfc": "terraform",
}
"""What the first word of a kind of payload is sent to."""


def _payloads():
    for path in sorted(ROOT.glob("*/*.json")) if ROOT.is_dir() else []:
        source = SOURCES.get(OF_KIND.get(path.parent.name.partition(".")[0], ""))
        if source:
            yield pytest.param(source, json.loads(path.read_text()), id=f"{path.parent.name}/{path.name}")


PAYLOADS = list(_payloads())


def test_every_kind_of_payload_has_its_source():
    assert set(OF_KIND.values()) <= set(SOURCES)


def test_the_shared_payloads_are_at_hand():
    if not PAYLOADS and not os.environ.get("CI"):
        pytest.skip(f"no payloads in {ROOT}: only a machine that has them runs these")
    assert len(PAYLOADS) > 100, f"expected the shared payloads in {ROOT}; set ADOPTION_SHARED"


@pytest.mark.parametrize(("source", "payload"), PAYLOADS)
def test_a_real_payload_is_mapped_ignored_or_refused(source, payload):
    becomes(source, payload)


@pytest.mark.parametrize(("source", "payload"), PAYLOADS)
@settings(
    deadline=None,
    max_examples=MUTANTS,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.data())
def test_mutants_of_a_real_payload_are_mapped_ignored_or_refused(source, payload, data):
    becomes(source, data.draw(mutants([payload])))


def becomes(source, payload):
    if source.map_gateway:
        return rows(source, payload)
    try:
        mapped = source.map_events(payload, {}, CONTEXT)
    except Rejected as rejected:
        return understood(rejected)
    assert mapped.events or mapped.ignored
    assert source.map_events(payload, {"X-Request-Id": "again"}, CONTEXT) == mapped
    for event in mapped.events:
        _, value, headers = to_kafka(event)
        assert from_kafka(value, headers) == event
    return None


def rows(source, payload):
    try:
        records = source.records(payload)
    except Rejected as rejected:
        return understood(rejected)
    mapped = source.map_gateway(records, unit=UNIT, context=CONTEXT)
    assert mapped.rows.num_rows + len(mapped.ignored) + len(mapped.rejected) == len(records)
    mapped.rows.validate(full=True)
    return None


def understood(rejected):
    assert re.fullmatch(r"[a-z][a-z0-9_]{1,60}", rejected.reason)
    assert 0 < len(rejected.detail) < 2000

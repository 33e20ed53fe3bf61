"""Real payloads of CDEvents and CI systems, where they are at hand, through the mappers: mapped, ignored, or refused.

As `test_shared_payloads.py`: they lie beside the repository, and on a machine without them there is nothing to run.
"""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from producers.sources import buildkite, cdevents, circleci, otlp_cicd, tekton
from producers.sources.common import Context, Rejected

ROOT = Path(os.environ.get("ADOPTION_SHARED") or Path(__file__).parents[4] / "shared") / "fixtures" / "payloads"
CONTEXT = Context(salt=b"salt")
MAPPERS = {
    "bk.eb": buildkite.map_payload,
    "bk.rest": buildkite.map_payload,
    "cci": circleci.map_payload,
    "cde": cdevents.map_payload,
    "otlp": otlp_cicd.map_payload,
    "tekton": tekton.map_payload,
}
BECOME = {
    "bk.eb": {"CiRun": 1},
    "bk.rest": {"CiRun": 3},
    "cci": {"CiRun": 4},
    "cde": {"Deployment": 3, "Incident": 2, "CiRun": 1},
    "otlp": {},
    "tekton": {"CiRun": 1},
}
"""What of each kind there must be at least."""
REFUSED = {}
"""Reasons that samples of a kind may be refused for."""


def test_the_shared_payloads_are_at_hand():
    if not ROOT.is_dir() and not os.environ.get("CI"):
        pytest.skip(f"no payloads in {ROOT}: only a machine that has them runs these")
    assert all(any((ROOT / kind).glob("*")) for kind in MAPPERS), f"expected the shared payloads in {ROOT}"


@pytest.mark.skipif(not ROOT.is_dir(), reason="no shared payloads here")
@pytest.mark.parametrize("kind", MAPPERS)
def test_real_payloads_of_a_kind_become_what_they_are(kind):
    became, refused = Counter(), Counter()
    for path in sorted((ROOT / kind).glob("*")):
        try:
            mapped = MAPPERS[kind](json.loads(path.read_text()), {}, CONTEXT)
        except Rejected as rejected:
            refused[rejected.reason] += 1
            continue
        assert mapped.events or mapped.ignored, path.name
        became.update(type(event.data).__name__ for event in mapped.events)
    assert became >= Counter(BECOME[kind]), became
    assert set(refused) <= REFUSED.get(kind, set()), refused

"""Real payloads of who tells of incidents, where they are at hand: each kind becomes what it should.

They lie beside the repository (`ADOPTION_SHARED` names another place) and are never part of it. On a machine without
them there is nothing to run; in CI their absence is an error.
"""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from producers.sources import grafana, incident_io, opsgenie, pagerduty, statuspage
from producers.sources.common import Context, Rejected

ROOT = Path(os.environ.get("ADOPTION_SHARED") or Path(__file__).parents[4] / "shared") / "fixtures" / "payloads"
CONTEXT = Context(salt=b"salt")

EXPECTED = {
    (grafana, "graf"): {"opened": 2, "grafana:legacy_alerting": 4},
    (pagerduty, "pd3"): {
        "acknowledged": 1,
        "resolved": 1,
        "pagerduty:incident.unacknowledged": 1,
        "pagerduty:incident.unsupported": 1,
    },
    (pagerduty, "pd2"): {"pagerduty:version_2": 4},
    (opsgenie, "og"): {
        "opened": 1,
        "acknowledged": 1,
        "resolved": 1,
        "opsgenie:addnote": 1,
        "opsgenie:addteam": 1,
        "opsgenie:escalate": 1,
        "opsgenie:removetags": 1,
        "opsgenie:unacknowledge": 1,
    },
    # Both are of an incident in triage.
    (incident_io, "iio"): {"incident-io:neither_begins_nor_ends": 2},
    (statuspage, "sp"): {"opened": 2, "resolved": 1},
}
"""Mapper and kind -> what its payloads become: states, ignored words, or `!` and the reason of a refusal."""


def test_the_shared_payloads_are_at_hand():
    if not ROOT.is_dir() and not os.environ.get("CI"):
        pytest.skip(f"no payloads in {ROOT}: only a machine that has them runs these")
    assert ROOT.is_dir(), f"expected the shared payloads in {ROOT}; set ADOPTION_SHARED"


@pytest.mark.skipif(not ROOT.is_dir(), reason="no shared payloads here")
@pytest.mark.parametrize(("mapper", "kind"), EXPECTED, ids=lambda value: value if isinstance(value, str) else "")
def test_real_payloads_of_a_kind_become_that_kind(mapper, kind):
    became = Counter()
    for path in sorted((ROOT / kind).glob("*.json")):
        try:
            mapped = mapper.map_payload(json.loads(path.read_text()), {}, CONTEXT)
        except Rejected as rejected:
            became[f"!{rejected.reason}"] += 1
        else:
            became.update([*(one.data.state for one in mapped.events), *mapped.ignored])
    assert became == EXPECTED[mapper, kind]

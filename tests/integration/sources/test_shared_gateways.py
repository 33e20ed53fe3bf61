"""Real records of gateways, where they are at hand, through their mappers: each is a row of the contract, or left out.

They lie beside the repository (`ADOPTION_SHARED` names another place) and are never part of it. In CI their absence is
an error.
"""

import json
import os
from pathlib import Path

import pytest

from producers.sources.common import Context
from producers.sources.registry import SOURCES
from schemas import gateway

ROOT = Path(os.environ.get("ADOPTION_SHARED") or Path(__file__).parents[4] / "shared") / "fixtures" / "payloads"
SOURCE_OF = {"apisix": "apisix", "gravitee4": "gravitee", "otlp": "otlp", "kong": "kong"}
CONTEXT = Context(salt=b"salt")
FILES = [
    pytest.param(path, source, id=f"{kind}/{path.name}")
    for kind, source in SOURCE_OF.items()
    for path in sorted((ROOT / kind).glob("*.json"))
]


def test_the_shared_records_are_at_hand():
    if not FILES and not os.environ.get("CI"):
        pytest.skip(f"no payloads in {ROOT}: only a machine that has them runs these")
    assert len(FILES) >= 8, f"expected the shared payloads in {ROOT}; set ADOPTION_SHARED"


@pytest.mark.parametrize(("path", "source"), FILES)
def test_a_real_record_is_a_row_or_left_out(path, source):
    payload = json.loads(path.read_text())
    row = SOURCES[source]
    mapped = row.map_gateway(row.records(payload), unit="0" * 32, context=CONTEXT)
    assert mapped.rejected == ()
    if source == "otlp":
        # The protocol's own examples: a server span without HTTP, and logs.
        assert mapped.rows.num_rows == 0
        assert set(mapped.ignored) <= {"otlp:not_http"}
    else:
        assert gateway.decode(gateway.encode(mapped.rows), gateway.ARROW).num_rows == 1

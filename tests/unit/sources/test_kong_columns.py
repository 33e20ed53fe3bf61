"""Kong's records in bulk: what is mapped fast is mapped as one by one, and the odd ones are left alone."""

import copy
import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.sources.common import Context
from producers.sources.kong import map_bytes, map_records
from tests.support.mutants import mutants

EXAMPLES = Path(__file__).parents[2] / "examples" / "kong"
CONTEXT = Context(salt=b"salt")
UNIT = "0" * 32
RECORDS = [json.loads(path.read_text()) for path in sorted(EXAMPLES.glob("*.json"))]
SIZED = [copy.deepcopy(record) for record in RECORDS]
for one in SIZED:
    one["request"]["size"] = 512


def by_both(values):
    """Rows in bulk, rows one by one of the same records, and what was left."""
    table, left = map_bytes(values, unit=UNIT, context=CONTEXT)
    taken = [json.loads(value) for index, value in enumerate(values) if index not in left]
    mapped = map_records(taken, unit=UNIT, context=CONTEXT)
    assert mapped.rejected == (), "what one by one refuses is left"
    return table.to_pylist(), mapped.rows.to_pylist(), left


def test_documented_records_are_read_in_bulk_a_429_and_an_object_that_is_null_are_left():
    fast, slow, left = by_both([json.dumps(record).encode() for record in SIZED])
    assert fast == slow
    assert len(fast) == 1
    assert [RECORDS[index]["response"]["status"] for index in left] == [429, 429, 503]


def test_what_is_no_record_is_left():
    odd = [b"", b"{", b"[]", b"[{}]", b"1", b'{"request": {}}', json.dumps(RECORDS).encode(), b"\xff"]
    fast, slow, left = by_both([*odd, json.dumps(SIZED[-1]).encode()])
    assert left == list(range(len(odd)))
    assert fast == slow
    assert len(fast) == 1


def test_the_callers_name_is_the_first_that_says_something():
    record = copy.deepcopy(SIZED[-1])
    for consumer in (
        {"id": "c0ffee"},
        {"username": "  ", "custom_id": "42"},
        {"username": "-", "custom_id": "42"},
        {"username": "ada@example.com"},
        {},
    ):
        record["consumer"] = consumer
        fast, slow, left = by_both([json.dumps(record).encode()])
        assert (fast, left) == (slow, [])


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(mutants(SIZED), min_size=1, max_size=5))
def test_whatever_is_taken_is_mapped_as_one_by_one(records):
    values = [json.dumps(record).encode(errors="replace") for record in records]
    fast, slow, _ = by_both(values)
    assert fast == slow

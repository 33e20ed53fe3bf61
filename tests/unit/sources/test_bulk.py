"""Records in bulk: what is mapped fast is mapped as one by one, and the odd ones are left alone."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.sources.common import Context
from producers.sources.registry import SOURCES
from tests.support.mutants import mutants

EXAMPLES = Path(__file__).parents[2] / "examples"
CONTEXT = Context(salt=b"salt")
UNIT = "0" * 32
BULK = [name for name, one in SOURCES.items() if one.map_bytes]


def examples(name):
    """Records as the vendor writes them today: sizes are numbers."""
    found = [json.loads(path.read_text()) for path in sorted((EXAMPLES / name).glob("*.json"))]
    records = [record for one in found for record in (one if isinstance(one, list) else [one])]
    for record in records:
        record["request"]["size"] = 512
    return records


def by_both(name, values):
    """Rows in bulk, rows one by one of the same records, and what was left."""
    table, left = SOURCES[name].map_bytes(values, unit=UNIT, context=CONTEXT)
    taken = [json.loads(value) for index, value in enumerate(values) if index not in left]
    mapped = SOURCES[name].map_gateway(taken, unit=UNIT, context=CONTEXT)
    assert mapped.rejected == (), "what one by one refuses is left"
    return table.to_pylist(), mapped.rows.to_pylist(), left


@pytest.mark.parametrize("name", BULK)
def test_documented_records_are_read_in_bulk_a_429_and_an_object_that_is_null_are_left(name):
    records = examples(name)
    fast, slow, left = by_both(name, [json.dumps(record).encode() for record in records])
    assert fast == slow
    assert len(fast) >= 1
    assert all(records[one]["response"]["status"] == 429 or None in records[one].values() for one in left)


@pytest.mark.parametrize("name", BULK)
def test_what_is_no_record_is_left(name):
    good = json.dumps(examples(name)[-1]).encode()
    odd = [b"", b"{", b"[]", b"[{}]", b"1", b'{"request": {}}', b"[" + good + b"]", b"\xff"]
    fast, slow, left = by_both(name, [*odd, good])
    assert left == list(range(len(odd)))
    assert fast == slow
    assert len(fast) == 1


@pytest.mark.parametrize("name", BULK)
def test_the_callers_name_is_the_first_that_says_something(name):
    record = copy.deepcopy(examples(name)[-1])
    for consumer in (
        {"id": "c0ffee"},
        {"username": "  ", "custom_id": "42"},
        {"username": "-", "custom_id": "42"},
        {"username": "ada@example.com"},
        {},
    ):
        record["consumer"] = consumer
        fast, slow, left = by_both(name, [json.dumps(record).encode()])
        assert (fast, left) == (slow, [])


@pytest.mark.parametrize("name", BULK)
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_whatever_is_taken_is_mapped_as_one_by_one(name, data):
    records = data.draw(st.lists(mutants(examples(name)), min_size=1, max_size=5))
    fast, slow, _ = by_both(name, [json.dumps(record).encode(errors="replace") for record in records])
    assert fast == slow

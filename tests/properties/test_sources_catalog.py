"""Catalog files that are not quite right: facts or a refusal, the same each time, no address of a person in them.

What the ingest service takes is tried by `tests/contract/test_sources_conformance.py`, source by source.
"""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.sources import backstage, catalog_csv
from producers.sources.common import Rejected
from tests.support.mutants import mutants

EXAMPLES = Path(__file__).parents[1] / "examples"
OBSERVED = datetime(2024, 6, 1, tzinfo=UTC)
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(UNTIMED, max_examples=30)
@given(st.data())
def test_a_mutated_descriptor_is_facts_or_refused(data):
    documents = list(yaml.safe_load_all((EXAMPLES / "backstage" / "catalog-info.yaml").read_text()))
    mutant = data.draw(mutants([documents]))
    text = yaml.safe_dump_all(mutant, allow_unicode=True)
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    for given_text in (text, text[:start] + text[end:]):
        try:
            mapped = backstage.map_text(given_text, observed=OBSERVED)
        except Rejected:
            continue
        assert backstage.map_text(given_text, observed=OBSERVED) == mapped
        assert len({event.id for event in mapped.events}) <= len(mapped.events)
        assert "example.com" not in repr(mapped.events)


@UNTIMED
@given(st.data())
def test_a_mutated_csv_is_facts_or_refused(data):
    text = (EXAMPLES / "catalog_csv" / "catalog.csv").read_text()
    at = data.draw(st.integers(0, len(text)))
    mutant = text[:at] + data.draw(st.text(max_size=10)) + text[at + data.draw(st.integers(0, 20)) :]
    try:
        mapped = catalog_csv.map_text(mutant, observed=OBSERVED)
    except Rejected:
        return
    assert catalog_csv.map_text(mutant, observed=OBSERVED) == mapped


@UNTIMED
@given(st.text())
def test_any_text_at_all_is_facts_or_refused(text):
    for read in (backstage.map_text, catalog_csv.map_text):
        with contextlib.suppress(Rejected):
            read(text, observed=OBSERVED)

"""Real descriptors, where they are at hand: each becomes the facts it should.

They lie beside the repository (`ADOPTION_SHARED` names another place) and are never part of it. On a machine without
them there is nothing to run; in CI their absence is an error.
"""

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources import backstage, codeowners, cortex

ROOT = Path(os.environ.get("ADOPTION_SHARED") or Path(__file__).parents[4] / "shared") / "fixtures" / "payloads"
OBSERVED = datetime(2024, 6, 1, tzinfo=UTC)


def test_the_shared_descriptors_are_at_hand():
    if not ROOT.is_dir() and not os.environ.get("CI"):
        pytest.skip(f"no payloads in {ROOT}: only a machine that has them runs these")
    assert ROOT.is_dir(), f"expected the shared payloads in {ROOT}; set ADOPTION_SHARED"


@pytest.mark.skipif(not ROOT.is_dir(), reason="no shared payloads here")
def test_real_cortex_entities_are_facts():
    became = Counter()
    for path in sorted((ROOT / "cortex").glob("*.yaml")):
        mapped = cortex.map_text(path.read_text(), observed=OBSERVED)
        became.update([*(event.data.kind for event in mapped.events), *mapped.ignored])
    expected = {"service": 5, "team": 3, "ownership": 1, "mapping": 1, "cortex:no_owner": 4, "cortex:domain": 1}
    assert became == expected


@pytest.mark.skipif(not ROOT.is_dir(), reason="no shared payloads here")
def test_real_codeowners_name_a_team():
    (path,) = (ROOT / "backstage").glob("*CODEOWNERS")
    assert codeowners.team_of(codeowners.rules(path.read_text()), "catalog-info.yaml") == "operations-maintainers"


@pytest.mark.skipif(not ROOT.is_dir(), reason="no shared payloads here")
def test_real_locations_name_files():
    named = [backstage.targets(path.read_text()) for path in sorted((ROOT / "backstage").glob("*.yaml"))]
    assert sum(map(len, named)) >= 20

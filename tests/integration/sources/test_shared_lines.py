"""Real access logs of public projects, where they are at hand, through the log formats: each line is a row or is named.

They lie beside the repository (`ADOPTION_SHARED` names another place) and are never part of it. On a machine without
them there is nothing to run; in CI their absence is an error.
"""

import os
from pathlib import Path

import pytest

from producers.sources.common import Context
from producers.sources.line_mapper import map_lines
from schemas import gateway

ROOT = Path(os.environ.get("ADOPTION_SHARED") or Path(__file__).parents[4] / "shared") / "fixtures" / "payloads"
FORMATS = {
    "traefik.clf": "traefik-clf",
    "haproxy": "haproxy",
    "linkerd": "linkerd",
    "alb": "alb",
    "nginx.combined": "httpd",
}
"""Kind of payload -> format. Apache's own lines are among those of `nginx.combined`, which is Apache's combined."""
LOGS = [
    pytest.param(path, form, id=f"{kind}/{path.name}")
    for kind, form in FORMATS.items()
    for path in sorted((ROOT / kind).glob("*"))
]


def test_the_shared_logs_are_at_hand():
    if not LOGS and not os.environ.get("CI"):
        pytest.skip(f"no payloads in {ROOT}: only a machine that has them runs these")
    assert len(LOGS) >= 10, f"expected the shared payloads in {ROOT}; set ADOPTION_SHARED"


@pytest.mark.parametrize(("path", "form"), LOGS)
def test_real_lines_are_rows_of_the_contract(path, form):
    chunk = path.read_bytes()
    mapped = map_lines(chunk, unit="0" * 32, format=form, context=Context(salt=b"salt"), service="web", zone="UTC")
    written = sum(bool(line.strip()) for line in chunk.splitlines())
    assert mapped.rows.num_rows + len(mapped.ignored) == written
    assert mapped.rejected == ()
    if mapped.rows.num_rows:
        assert gateway.decode(gateway.encode(mapped.rows), gateway.ARROW).num_rows == mapped.rows.num_rows

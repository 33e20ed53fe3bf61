"""Vendors' own test vectors, where they are at hand, against the schemes of the edge.

They lie beside the repository (`ADOPTION_SHARED` names another place). On a machine without them there is nothing to
run; in CI their absence is an error.
"""

import json
import os
from pathlib import Path

import pytest

from producers.http.proofs import PROOFS

ROOT = Path(os.environ.get("ADOPTION_SHARED") or Path(__file__).parents[3] / "shared")
FILE = ROOT / "fixtures" / "signatures" / "hmac-vectors.json"
VECTORS = json.loads(FILE.read_text()) if FILE.is_file() else []
SCHEMES = {
    "pagerduty-v3": "pagerduty",
    "circleci": "circleci",
    "github": "github-hmac",
    "standard-webhooks (incident.io, Svix)": "standard-webhooks",
}
STANDARD = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330"}


def test_the_vectors_are_at_hand():
    if not VECTORS and not os.environ.get("CI"):
        pytest.skip(f"no vectors in {FILE}: only a machine that has them runs these")
    assert {vector["source"] for vector in VECTORS} == set(SCHEMES)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['source']}: {vector['body'][:20]}")
def test_a_vendors_own_vector_is_proven_and_no_neighbour_of_it(vector):
    scheme = SCHEMES[vector["source"]]
    header = vector["header"].partition(" ")[0].lower()
    headers = {header: vector["expected"]} | (STANDARD if scheme == "standard-webhooks" else {})
    body, secret, now = vector["body"].encode(), vector["secret"], float(STANDARD["webhook-timestamp"])
    is_proven = PROOFS[scheme].is_proven
    assert is_proven([secret], headers, body, now)
    assert not is_proven([secret], headers, body + b" ", now)
    assert not is_proven([], headers, body, now)
    assert not is_proven([secret], headers | {header: vector["expected"][:-2]}, body, now)

"""Real payloads of what deploys, where they are at hand: each kind becomes what it should, and nothing else is refused.

They lie beside the repository (`ADOPTION_SHARED` names another place) and are never part of it. On a machine without
them there is nothing to run; in CI their absence is an error.
"""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from producers.sources import flux, terraform
from producers.sources.argocd import mapper as argocd
from producers.sources.aws import mapper as aws
from producers.sources.common import Context, Rejected
from producers.sources.kubernetes import mapper as kubernetes

ROOT = Path(os.environ.get("ADOPTION_SHARED") or Path(__file__).parents[4] / "shared") / "fixtures" / "payloads"
CONTEXT = Context(salt=b"salt")

EXPECTED = {
    (argocd, "argo.notif"): {"Deployment": 11, "argocd:no_operation": 3},
    (flux, "flux"): {"Deployment": 2},
    # One is an event of Flux; the other has a placeholder for every value.
    (kubernetes, "k8s.event"): {"Deployment": 1, "kubernetes:event.kindvalue.reasonvalue": 1},
    # All are of one moment of a rollout; one was made without its object.
    (kubernetes, "kubewatch"): {"kubernetes:deployment.in_progress": 3, "!missing_field": 1},
    (terraform, "tfc"): {
        "terraform:planning": 1,
        "terraform:planned_and_finished": 1,
        "terraform:verification": 1,
    },
    (aws, "cfn"): {
        "Deployment": 1,
        "CiRun": 1,
        "aws:codedeploy_instance_state-change_notific": 1,
        "aws:codepipeline_action.codedeploy": 1,
        "aws:codepipeline_stage_execution_state_chang": 1,
    },
}
"""Mapper and kind -> what its payloads become: contract, ignored word, or `!` and the reason of a refusal."""


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
            became.update([*(type(one.data).__name__ for one in mapped.events), *mapped.ignored])
    assert became == EXPECTED[mapper, kind]

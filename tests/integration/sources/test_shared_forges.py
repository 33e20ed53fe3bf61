"""Real payloads of forges, where they are at hand: each kind becomes what it should, and nothing else is refused.

They lie beside the repository (`ADOPTION_SHARED` names another place) and are never part of it. On a machine without
them there is nothing to run; in CI their absence is an error.
"""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from producers.sources.azure_devops import mapper as azure_devops
from producers.sources.bitbucket import mapper as bitbucket
from producers.sources.bitbucket_server import mapper as bitbucket_server
from producers.sources.common import Context, Rejected
from producers.sources.gitea import mapper as gitea
from producers.sources.gitlab import mapper as gitlab

ROOT = Path(os.environ.get("ADOPTION_SHARED") or Path(__file__).parents[4] / "shared") / "fixtures" / "payloads"
CONTEXT = Context(salt=b"salt")

EXPECTED = {
    (gitlab, "gl.pipeline"): {"CiRun": 6, "gitlab:unnamed": 1},
    (gitlab, "gl.deployment"): {"Deployment": 2},
    (gitlab, "gl.push"): {"Push": 10, "gitlab:push.without_time": 2, "gitlab:tag_push.without_time": 3},
    (gitlab, "gl.merge_request"): {"Merge": 11},
    (gitlab, "gl.release"): {"Deployment": 2},
    (gitlab, "gl.job"): {"gitlab:build": 5},
    # One has commits made unreadable.
    (bitbucket, "bb.push"): {"Push": 9, "bitbucket:push.without_time": 3, "!malformed_commit": 1},
    # One is the documentation's, with the state "OPEN|MERGED|DECLINED".
    (bitbucket, "bb.pr"): {"Merge": 4, "!unknown_status": 1},
    (bitbucket, "bb.status"): {"CiRun": 3},
    (bitbucket_server, "bbs"): {"Push": 5, "Merge": 9},
    # One is of a server so old that commits had no time.
    (gitea, "gitea"): {"Push": 5, "Merge": 6, "Deployment": 2, "gitea:ref_type": 3, "!missing_field": 1},
    (azure_devops, "ado.git"): {"Push": 5, "Merge": 6, "azure-devops:git.pullrequest.merged.attempt": 1},
    (azure_devops, "ado.build"): {"CiRun": 1},
    (azure_devops, "ado.pipelines"): {"CiRun": 1, "azure-devops:ms.vss-pipelines.job-state-changed-event": 1},
    (azure_devops, "ado.release"): {"Deployment": 1},
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
            became.update(type(event.data).__name__ for event in mapped.events)
            became.update(mapped.ignored)
    assert dict(became) == EXPECTED[mapper, kind]

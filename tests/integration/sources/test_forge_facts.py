"""What forges tell fits together: a push, its change and its deployment give a commit its lead time and its stages.

The examples of a forge tell one story: `b2…` is committed at 09:10 on a branch opened on 1 May at 08:00, reviewed at
09:12, merged as `c3…` and deployed to production.
"""

import json
from pathlib import Path

import pytest

from producers.sources.azure_devops import mapper as azure_devops
from producers.sources.common import Context
from producers.sources.gitlab import mapper as gitlab
from stream_processors.facts import FactsConfig, facts
from stream_processors.resolve import Resolved, Stored

EXAMPLES = Path(__file__).parents[2] / "examples"
B, C = "b2" * 20, "c3" * 20
MINUTE = 60_000_000
"""Microseconds."""

STORIES = {
    "gitlab": (
        gitlab,
        (
            "merge_request_opened",
            "push_branch_created",
            "merge_request_approved",
            "merge_request_merged",
            "push",
            "pipeline_running",
            "pipeline_succeeded",
            "deployment_running",
            "deployment_succeeded",
        ),
        10,  # deployed at 09:20
    ),
    "azure_devops": (
        azure_devops,
        (
            "pullrequest_created",
            "pullrequest_approved",
            "pullrequest_completed",
            "push",
            "run_in_progress",
            "build_succeeded",
            "run_succeeded",
            "stage_deploy_running",
            "stage_deploy_succeeded",
        ),
        14,  # deployed at 09:24
    ),
}


def history(forge):
    mapper, names, _ = STORIES[forge]
    payloads = [json.loads((EXAMPLES / forge / f"{name}.json").read_text()) for name in names]
    events = [event for one in payloads for event in mapper.map_payload(one, {}, Context(salt=b"salt")).events]
    return [Resolved(Stored(one.source, one.id, one.time, 1, one.data), "repository") for one in events]


@pytest.mark.parametrize("forge", STORIES)
def test_a_commit_has_its_lead_time(forge):
    found = facts("pay", history(forge), FactsConfig())
    (release,) = found.releases
    assert (release.is_failed, release.commit, len(release.environments)) == (0, C, 1)
    commit = next(one for one in found.commits if one.sha == B)
    assert (commit.release, commit.not_counted) == (release.release, "")
    assert commit.lead_time_us == STORIES[forge][2] * MINUTE


def test_a_merge_request_gives_a_commit_its_stages():
    commit = next(one for one in facts("pay", history("gitlab"), FactsConfig()).commits if one.sha == B)
    second = MINUTE // 60
    assert commit.review_us == (25 * 60 + 12) * MINUTE  # opened 1 May 08:00, approved 2 May 09:12
    assert commit.merge_us == 3 * MINUTE + 26 * second  # merged at 09:15:26
    assert commit.deploy_us == 4 * MINUTE + 34 * second  # deployed at 09:20


@pytest.mark.parametrize("forge", STORIES)
def test_a_run_is_one_row_however_often_it_is_told(forge):
    found = facts("pay", history(forge), FactsConfig())
    (run,) = found.ci_runs
    assert (run.outcome, run.commit) == ("success", C)
    assert run.queued_at < run.started_at < run.finished_at


@pytest.mark.parametrize("forge", STORIES)
def test_any_order_gives_the_same_facts(forge):
    events = history(forge)
    assert facts("pay", events[::-1], FactsConfig()) == facts("pay", events, FactsConfig())

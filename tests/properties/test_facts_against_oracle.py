"""The product's facts and the brute-force oracle agree on random small histories, field by field.

Without more words the same histories each time: a gate for changes. `ORACLE_EXAMPLES=1000` (any number) draws new ones:
a hunt. A disagreement is printed as a diff of rows with the seed that plays the run again, and the shrunken history.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from schemas.envelope import Event
from stream_processors.facts import Facts
from tests.oracle.delivery import Delivery, delivery
from tests.oracle.histories import MAPPED, START, histories
from tests.oracle.recovery import earlier, known
from tests.support.product import product

EXAMPLES = int(os.environ.get("ORACLE_EXAMPLES", "150"))
Rows = dict[tuple[str, ...], dict[str, Any]]
Tables = dict[str, Rows]


def rows_of_product(found: Facts) -> Tables:
    def rows(of: Sequence[Any], *key: str) -> Rows:
        return {tuple(str(getattr(one, name)) for name in key): asdict(one) for one in of}

    return {
        "attempts": rows(found.attempts, "environment", "deployment_id"),
        "releases": rows(found.releases, "release"),
        "commits": rows(found.commits, "sha"),
        "incidents": rows(found.incidents, "incident", "episode"),
        "milestones": {(one.milestone,): {"at": one.at} for one in found.milestones},
        "ci_runs": rows(found.ci_runs, "source", "run_id", "attempt"),
    }


def rows_of_oracle(found: Delivery) -> Tables:
    said = {id(one): known(one, found.world) for one in found.releases}
    release_of = {id(one): release.name for release in found.releases for one in release.members}
    counted = [one for one in found.credited if not one.not_counted]
    return {
        "attempts": {
            (one.environment, one.deployment_id): {
                "deployment_id": one.deployment_id,
                "environment": one.environment,
                "tier": one.tier,
                "region": one.region,
                "release": release_of.get(id(one), ""),
                "version": one.version or "",
                "commit": one.commit or "",
                "status": one.status,
                "started_at": one.started_at,
                "finished_at": one.finished_at,
                "failed_at": one.failed_at,
                "is_rollback": int(one.is_rollback),
                "rolled_back_at": min(one.rolled_back)[0] if id(one) in release_of and one.rolled_back else None,
                "rolled_back_by": min(one.rolled_back)[1] if id(one) in release_of and one.rolled_back else "",
                "at": one.at,
                "provider": one.provider,
                "deployer": one.deployer,
            }
            for one in found.attempts
            if one.status != "none"
        },
        "releases": {
            (one.name,): {
                "release": one.name,
                "version": one.version or "",
                "commit": one.commit or "",
                "at": one.at,
                "finished_at": one.finished_at,
                "failed_at": one.failed_at,
                "is_first": int(one.is_first),
                "is_failed": int(bool(one.reasons)),
                "is_rework": int(bool(one.rework)),
                **asdict(said[id(one)]),
                "earlier": tuple({"until": until, **asdict(held)} for until, held in earlier(one, found.world)),
                "commit_rule": one.commit_rule,
                "flags": tuple(sorted(one.flags)),
                "commits": sum(credit.release is one for credit in counted),
            }
            for one in found.releases
        },
        "commits": {
            (one.sha,): {
                "sha": one.sha,
                "release": one.release.name,
                "at": one.at,
                "committed_at": one.committed_at,
                "clock": one.clock,
                "lead_time_us": one.lead_time_us,
                "first_commit_lead_time_us": one.first_commit_lead_time_us,
                "rule": one.rule,
                "is_first": int(one.is_first),
                "is_bot": int(one.is_bot),
                "is_squash": int(one.is_squash),
                "not_counted": one.not_counted,
                **dict(zip(("coding_us", "review_us", "merge_us", "deploy_us"), one.stages, strict=True)),
            }
            for one in found.credited
        },
        "incidents": {
            (one.incident_id, str(number)): {
                "incident": one.incident_id,
                "episode": number,
                "environment": one.environment or "",
                "at": began,
                "resolved_at": ended,
                "release": one.release.name if one.release is not None and not number else "",
                "rule": "unattributed" if number else one.rule,
                "attributed_at": max(began, one.release.at) if one.release is not None and not number else None,
            }
            for one in found.incidents
            for number, (began, ended) in enumerate(one.episodes)
        },
        "milestones": {(name,): {"at": at} for name, at in found.milestones.items()},
        "ci_runs": {(one.source, one.run_id, str(one.attempt)): asdict(one) for one in found.ci_runs},
    }


NOT_COMPARED = {"attempts": {"tier_rule"}, "ci_runs": {"rule"}}
"""How the product found a tier, or whose a run is, is a word of its own."""


def differences(ours: Tables, theirs: Tables) -> list[str]:
    """One line for each row that only one has, and for each field that differs."""
    lines = []
    for table in ours:
        left, right = ours[table], theirs[table]
        for key in sorted({*left, *right}):
            name = f"{table} {'/'.join(key)}"
            if key not in left or key not in right:
                lines.append(f"{name}: only the {'product' if key in left else 'oracle'} has it")
                continue
            for column in left[key].keys() - NOT_COMPARED.get(table, set()):
                ours_says, theirs_says = left[key][column], right[key][column]
                if ours_says != theirs_says:
                    lines.append(f"{name}.{column}: product {ours_says!s}, oracle {theirs_says!s}")
    return lines


def story(events: Iterable[Event]) -> str:
    """The history for a reader: one line an event, in order, without what is not said."""
    lines = []
    for event in sorted(events, key=lambda one: (one.time, one.id)):
        said = event.data.model_dump(exclude_defaults=True, exclude={"provider", "repository", "kind"}, mode="json")
        lines.append(f"  {(event.time - START) / timedelta(hours=1):5.1f} h {event.data.kind:10} {said}")
    return "\n".join(lines)


def disagreement(events: Sequence[Event]) -> list[str]:
    return differences(rows_of_product(product("pay", events)), rows_of_oracle(delivery("pay", events, MAPPED)))


def smallest(events: list[Event]) -> list[Event]:
    """A history that still divides them and from which no event can be taken."""
    size = len(events)
    while size:
        for begin in range(0, len(events), size):
            fewer = events[:begin] + events[begin + size :]
            if disagreement(fewer):
                events = fewer
                break
        else:
            size //= 2
    return events


# Taking events away finds a readable history in seconds, where Hypothesis would change its draws for minutes.
@settings(
    max_examples=EXAMPLES,
    derandomize="ORACLE_EXAMPLES" not in os.environ,
    deadline=None,
    print_blob="ORACLE_EXAMPLES" in os.environ,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(histories())
def test_product_and_oracle_agree(events: list[Event]) -> None:
    if disagreement(events):
        events = smallest(events)
        lines = disagreement(events)
        pytest.fail("\n".join([f"{len(lines)} differences", *lines, "in this history:", story(events)]), pytrace=False)


def test_every_column_is_compared() -> None:
    """A column that the product gets is one that the oracle must have an opinion on."""
    assert {field.name for field in fields(Facts)} == {*rows_of_oracle(delivery("pay", [])), "evidence", "grounds"}

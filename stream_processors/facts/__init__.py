"""From the resolved events of one service to its facts: deployments, lead times, failures, recoveries, milestones.

The one place where delivery metrics are decided. Pure: no clock, no I/O; any order, any number of copies of the same
events gives the same facts, so that a stream, a backfill and a test agree.
"""

from __future__ import annotations

from collections.abc import Iterable

from stream_processors.facts.attempts import Deployed, deployed
from stream_processors.facts.book import Book
from stream_processors.facts.ci_runs import ci_runs
from stream_processors.facts.commits import Credit, Crediting
from stream_processors.facts.config import FactsConfig
from stream_processors.facts.evidence import (
    Verdicts,
    judge_changes,
    judge_ci_runs,
    judge_deployments,
    judge_pushes,
)
from stream_processors.facts.grounds import Grounds, grounds
from stream_processors.facts.identities import told_apart
from stream_processors.facts.incidents import Attribution, incidents
from stream_processors.facts.milestones import milestones
from stream_processors.facts.recovery import Failures
from stream_processors.facts.releases import Group, releases
from stream_processors.facts.rollbacks import Rollbacks, rollbacks
from stream_processors.facts.rows import (
    Attempt,
    CiRunRow,
    CommitRow,
    Earlier,
    Episode,
    EvidenceRow,
    Facts,
    Ground,
    Milestone,
    Release,
)
from stream_processors.facts.shas import Shas, shas_in
from stream_processors.facts.slices import TABLES, Slice, slices
from stream_processors.facts.verdicts import Judge, Verdict
from stream_processors.resolve import NOBODY, Resolved

__all__ = [
    "TABLES",
    "Attempt",
    "CiRunRow",
    "CommitRow",
    "Episode",
    "EvidenceRow",
    "Facts",
    "FactsConfig",
    "Ground",
    "Milestone",
    "Release",
    "Slice",
    "facts",
    "slices",
]


def facts(service: str, events: Iterable[Resolved], config: FactsConfig) -> Facts:
    """All facts of `service`; of events that belong to none (`service` empty) only why they do not.

    Of several contents under one (source, id) the one with the greatest version counts.
    """
    ordered = told_apart(_once(events))
    verdicts = Verdicts()
    if service == NOBODY:
        for resolved in ordered:
            verdicts.ignored(resolved.event, resolved.rule)
        return Facts(
            ci_runs=tuple(ci_runs(ordered)),
            evidence=tuple(sorted(verdicts.rows(ordered), key=lambda row: (row.source, row.event))),
        )

    shas = Shas(shas_in(ordered))
    book = Book(ordered, shas, config)
    deployments = deployed(ordered, shas, config)
    attempts = [one for one in deployments if one.is_terminal_production]
    groups = releases(attempts, config)
    group_of = {one.key: group for group in groups for one in group.attempts}
    undone = rollbacks(attempts)
    crediting = Crediting(ordered, shas, book)
    credits_ = crediting.credit(groups)
    credited = {row.sha: row.release for row in credits_.rows}

    judge_deployments(deployments, group_of, verdicts)
    judge_pushes(ordered, credited, shas, verdicts)
    judge_changes(crediting.changes, credited, verdicts)
    judge_ci_runs(ordered, verdicts)
    known = ({one.id for one in deployments}, crediting.known | {one.commit for one in deployments})
    attribution = Attribution(groups, credits_.holders, shas, config)
    episodes = incidents(ordered, attribution, known, shas, verdicts)
    failures = Failures(groups, attempts, episodes, undone)
    reached = milestones(ordered, deployments, verdicts)
    first = next((group.name for group in groups if group.finished_at is not None), None)
    brought = {name: credit.changes for name, credit in credits_.of.items()}
    judge = Judge(failures, undone.restored, brought, config)
    judged = [(group, judge.of(group)) for group in groups]
    return Facts(
        attempts=tuple(
            sorted(
                (_attempt(one, group_of.get(one.key), undone) for one in deployments if one.status != "none"),
                key=lambda row: (row.environment, row.deployment_id),
            )
        ),
        releases=tuple(
            sorted(
                (
                    _release(
                        group,
                        verdict,
                        credits_.of.get(group.name, Credit("none")),
                        judge.before(group),
                        is_first=group.name == first,
                    )
                    for group, verdict in judged
                ),
                key=lambda row: row.release,
            )
        ),
        commits=tuple(sorted(credits_.rows, key=lambda row: row.sha)),
        incidents=tuple(sorted(episodes, key=lambda row: (row.incident, row.episode))),
        milestones=tuple(sorted(reached, key=lambda row: row.milestone)),
        ci_runs=tuple(ci_runs(ordered)),
        evidence=tuple(sorted(verdicts.rows(ordered), key=lambda row: (row.source, row.event))),
        grounds=grounds(
            Grounds(ordered, attempts, undone, config),
            [(one, verdict.failure, verdict.rework_rule, brought.get(one.name, ())) for one, verdict in judged],
            (credits_.rows, book, crediting),
            episodes,
        ),
    )


def _once(events: Iterable[Resolved]) -> list[Resolved]:
    """Each event once, in order of (time, id); where it came as context and otherwise, the other way counts."""
    latest: dict[tuple[str, str], Resolved] = {}
    for resolved in events:
        identity = (resolved.event.source, resolved.event.id)
        known = latest.get(identity)
        if known is None or _rank(known) < _rank(resolved):
            latest[identity] = resolved
    return sorted(latest.values(), key=lambda one: (one.event.time, one.event.id, one.event.source))


def _rank(resolved: Resolved) -> tuple[int, bool, str]:
    return resolved.event.version, resolved.rule != "context", resolved.rule


def _attempt(one: Deployed, group: Group | None, undone: Rollbacks) -> Attempt:
    return Attempt(
        deployment_id=one.id,
        environment=one.key[0],
        tier=one.tier,
        tier_rule=one.tier_rule,
        region=one.region,
        release="" if group is None else group.name,
        version=one.version,
        commit=one.commit,
        status=one.status,
        started_at=one.started_at,
        finished_at=one.at if one.status == "success" else None,
        failed_at=one.at if one.status == "failure" else None,
        is_rollback=int(one.key in undone.restored),
        rolled_back_by=undone.undone[one.key][1] if one.key in undone.undone else "",
        at=one.at,
        rolled_back_at=undone.undone[one.key][0] if one.key in undone.undone else None,
        provider=one.provider,
        deployer=one.deployer,
    )


def _release(
    group: Group, verdict: Verdict, credit: Credit, earlier: tuple[Earlier, ...], *, is_first: bool
) -> Release:
    reasons, recovery = verdict.failure.reasons, verdict.failure.recovery
    return Release(
        release=group.name,
        environments=verdict.environments,
        deployment_ids=verdict.deployment_ids,
        version=group.version,
        commit=group.commit,
        at=group.at,
        finished_at=group.finished_at,
        failed_at=group.at if reasons else None,
        is_first=int(is_first),
        is_rollback=verdict.is_rollback,
        is_failed=int(bool(reasons)),
        failure_reasons=reasons,
        is_rework=int(bool(verdict.rework_rule)),
        rework_rule=verdict.rework_rule,
        recovered_at=None if recovery is None else recovery.at,
        recovery_rule="" if recovery is None else recovery.rule,
        recovered_by="" if recovery is None else recovery.by,
        incidents=verdict.incidents,
        commit_rule=credit.rule,
        flags=tuple(sorted(credit.flags)),
        commits=credit.commits,
        earlier=earlier,
    )

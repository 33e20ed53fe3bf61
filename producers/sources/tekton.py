"""Tekton's CloudEvents to CI runs: `pipelineRun`, and a `taskRun` that is part of none.

Tekton sends the whole object at every change of it, `unknown` ones over and over: what the object's condition
`Succeeded` says is the state, and its own times say when it was reached, so all of one state are one event. Tasks and
pipelines within a pipeline are a finer grain of it. An end says why by its reason: what is neither a cancellation, a
time-out nor `Failed` never ran as it should, an error. Where the code came from is known of Pipelines-as-Code (its
annotations) and where Chains is told (`CHAINS-GIT_URL`, `CHAINS-GIT_COMMIT`, parameter or result); `adoption/service`
names the service. Clusters have no name in these events; a run's UID is unique over all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from producers.sources.carried import Carried, carried
from producers.sources.clones import clone
from producers.sources.common import Context, Mapped, Rejected, together
from producers.sources.evidence import Vendor, maybe_sha, person, word
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.redact import dimension, page
from producers.sources.workloads import condition, labels_of, said
from schemas.delivery import CiRun, Outcome

TEKTON = Vendor("tekton", revision=1)

_TYPES = ("dev.tekton.event.pipelinerun.", "dev.tekton.event.taskrun.")
_REASONS: dict[str, Outcome] = {
    "Failed": "failure",
    "Cancelled": "cancelled",
    "CancelledRunningFinally": "cancelled",
    "StoppedRunningFinally": "cancelled",
    "PipelineRunCancelled": "cancelled",
    "TaskRunCancelled": "cancelled",
    "PipelineRunTimeout": "timed_out",
    "TaskRunTimeout": "timed_out",
}
_STATUSES = frozenset({"True", "False", "Unknown"})
_CODE = "pipelinesascode.tekton.dev"


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:
    """The state of a run: of one CloudEvent in binary or structured mode, or of each of a batch.

    Raises:
        Rejected: `unknown_status`, else what is missing or malformed.
    """
    return together([_one(one, context) for one in carried(payload, headers)] or [left_out(TEKTON, "empty_batch")])


def _one(one: Carried, context: Context) -> Mapped:
    if one.type is not None and not one.type.startswith(_TYPES):
        return left_out(TEKTON, one.type.removeprefix("dev.tekton.event."))
    body = Fields(one.data)
    kind = next((kind for kind in ("pipelineRun", "taskRun") if kind in body), None)
    if kind is None:
        return left_out(TEKTON, "no_run")
    run = body.child(kind)
    meta = run.child("metadata")
    if _is_part(meta, kind):
        return left_out(TEKTON, kind, "within_a_pipeline")
    return _run(run, meta, context)


def _is_part(meta: Fields, kind: str) -> bool:
    owners = {owner.maybe_text("kind") for owner in meta.children("ownerReferences")}
    of_pipeline = said(meta, "tekton.dev/pipelineRun") if kind == "taskRun" else None
    return bool(of_pipeline) or bool(owners & {"PipelineRun", "CustomRun"})


def _run(run: Fields, meta: Fields, context: Context) -> Mapped:
    number, namespace = dimension(meta.text("uid")), dimension(meta.maybe_text("namespace") or "default")
    created = meta.maybe_instant("creationTimestamp")
    status = run.maybe_child("status")
    began = status.maybe_instant("startTime") if status else None
    state, outcome, at = _state(meta, status, began)
    hints = dict(_hints(run))
    home = said(meta, f"{_CODE}/repo-url") or hints.get("CHAINS-GIT_URL")
    commit = said(meta, f"{_CODE}/sha") or hints.get("CHAINS-GIT_COMMIT")
    where, name = clone(home), _name(run, meta)
    event = TEKTON.event(
        f"//tekton/{namespace}",
        ("run", number, state, outcome, at.isoformat()),
        at,
        lambda: CiRun(
            provider=TEKTON.name,
            service=said(meta, "adoption/service"),
            repository=where,
            labels={name: text for name, text in labels_of(meta).items() if not name.startswith(_CODE)},  # a person's
            **person(context, said(meta, f"{_CODE}/sender")),
            url=page(said(meta, f"{_CODE}/log-url")),
            run_id=number,
            name=name,
            ref=said(meta, f"{_CODE}/branch"),
            commit=maybe_sha(commit),
            state=state,
            outcome=outcome,
            queued_at=created,
            started_at=began if state != "queued" else None,
            finished_at=at if state == "finished" else None,
        ),
        subject=(where.name if where else None) or name or number,
    )
    return Mapped((event,))


def _state(
    meta: Fields, status: Fields | None, began: datetime | None
) -> tuple[Literal["queued", "started", "finished"], Outcome | None, datetime]:
    """(state, outcome, when it was reached)."""
    told = condition(status, "Succeeded")
    if status is None or told is None or told.text("status") == "Unknown":
        return ("queued", None, meta.instant("creationTimestamp")) if began is None else ("started", None, began)
    word_ = told.text("status")
    if word_ not in _STATUSES:
        raise Rejected("unknown_status", f"expected {told.at('status')} True, False or Unknown, got {word_[:40]!r}")
    outcome: Outcome = "success" if word_ == "True" else _REASONS.get(told.text("reason"), "error")
    return "finished", outcome, status.maybe_instant("completionTime") or told.instant("lastTransitionTime")


def _name(run: Fields, meta: Fields) -> str | None:
    spec = run.maybe_child("spec") or Fields({})
    refs = (spec.maybe_child("pipelineRef"), spec.maybe_child("taskRef"))
    named = next((found for ref in refs if (found := word(ref, "name"))), None)
    generated = (meta.maybe_text("generateName") or "").rstrip("-")
    return named or said(meta, "tekton.dev/pipeline", "tekton.dev/task") or dimension(generated) or word(meta, "name")


def _hints(run: Fields) -> Iterator[tuple[str, str]]:
    """Parameters and results that are texts, by name."""
    spec, status = run.maybe_child("spec"), run.maybe_child("status")
    lists = [(spec, "params"), (status, "pipelineResults"), (status, "results"), (status, "taskResults")]
    for it in (one for where, key in lists if where for one in where.children(key)):
        name, value = it.raw("name"), it.raw("value")
        if isinstance(name, str) and isinstance(value, str):
            yield name, value.strip()

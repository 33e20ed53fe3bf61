"""CI/CD spans of OpenTelemetry (`ExportTraceServiceRequest` as JSON) to CI runs, after its conventions for CI/CD.

A span of a pipeline run names its pipeline or run (`cicd.pipeline.name`, `cicd.pipeline.run.id`), says how it ended
(`cicd.pipeline.result`) or is the first of its trace, and is about no task: tasks are a finer grain. It may say this
itself or by its resource, which all spans of a run share. Spans are sent when they end, so each is a finished run.
Without an id of the run that of the trace stands; without a result an error of the span is a failure, and nothing else
is read into it. The conventions are in development: their older names are read, too. The page of a run says whose it
is, so that a run that its own webhook tells of as well stays one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producers.sources.clones import clone
from producers.sources.common import Context, Mapped, Rejected
from producers.sources.evidence import Vendor, maybe_host, maybe_sha, ref_of
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.redact import dimension, page
from producers.sources.spans import Attributes, attributes, nanoseconds, parts, text, unpack
from producers.sources.times import epoch_us
from schemas.delivery import CiRun, Outcome
from schemas.envelope import Event

OTLP = Vendor("otlp", revision=1)

_RUN = "cicd.pipeline.run.id"
_NAME = ("cicd.pipeline.name",)
_RESULT = ("cicd.pipeline.result", "cicd.pipeline.run.result", "cicd.pipeline.run.status")
_PAGE = ("cicd.pipeline.run.url.full",)
_TASK = ("cicd.pipeline.task.run.id", "cicd.pipeline.task.name", "cicd.pipeline.task.type")
_HOME = ("vcs.repository.url.full",)
_COMMIT = ("vcs.ref.head.revision", "vcs.repository.ref.revision")
_REF = ("vcs.ref.head.name", "vcs.repository.ref.name")
_REF_TYPE = ("vcs.ref.head.type", "vcs.ref.type", "vcs.repository.ref.type")
_OUTCOMES: dict[str, Outcome] = {
    "success": "success",
    "failure": "failure",
    "error": "error",
    "timeout": "timed_out",
    "cancellation": "cancelled",
    "skip": "skipped",
    "skipped": "skipped",
}
_ERRORS = (2, "STATUS_CODE_ERROR")


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """The runs of an export request, in the order of its spans.

    Raises:
        Rejected: `unknown_status`, else what is missing or malformed; one bad span refuses the whole body.
    """
    made = [_one(record) for record in unpack(payload)] if "resourceSpans" in Fields(payload) else []
    if not made:
        return left_out(OTLP, "no_spans")
    return Mapped(
        events=tuple(one for one in made if isinstance(one, Event)),
        ignored=tuple(one for one in made if isinstance(one, str)),
    )


def _one(record: Any) -> Event | str:
    """The run that a span is of, or why it is none."""
    group, span = parts(record)
    holder = group.maybe_child("resource")
    own, shared = attributes(span), attributes(holder) if holder else {}
    found = {**shared, **own}
    if not (_run_id(found) or text(found, *_NAME)):
        return "otlp:not_cicd"
    is_first = not (span.maybe_text("parentSpanId") or "").strip("0")
    if text(own, *_TASK) or not (text(own, *_RESULT) or is_first):
        return "otlp:cicd_task"
    return _run(span, found)


def _run(span: Fields, found: Attributes) -> Event:
    trace, number = span.text("traceId").lower(), dimension(_run_id(found))
    url = text(found, *_PAGE)
    began, ended = (
        epoch_us(nanoseconds(span, key) // 1000, span.at(key)) for key in ("startTimeUnixNano", "endTimeUnixNano")
    )
    host = maybe_host(url) or "otlp"
    run = number or dimension(trace)
    name = dimension(text(found, *_NAME)) or None
    where = clone(text(found, *_HOME))
    outcome = _outcome(span, found)
    return OTLP.event(
        f"//{host}",
        (host, run, trace, span.text("spanId").lower(), outcome, ended.isoformat()),
        ended,
        lambda: CiRun(
            provider=OTLP.name,
            repository=where,
            url=page(url),
            run_id=run,
            name=name,
            ref=_ref(found),
            commit=maybe_sha(text(found, *_COMMIT)),
            state="finished",
            outcome=outcome,
            started_at=began,
            finished_at=ended,
        ),
        subject=(where.name if where else None) or name or run,
    )


def _run_id(found: Attributes) -> str:
    """The run's id, which some exporters write as a number."""
    value = found.get(_RUN)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(found, _RUN)


def _outcome(span: Fields, found: Attributes) -> Outcome | None:
    result = text(found, *_RESULT)
    if not result:
        status = span.maybe_child("status")
        return "failure" if status and status.raw("code") in _ERRORS else None
    if result not in _OUTCOMES:
        raise Rejected("unknown_status", f"expected {_RESULT[0]} of {', '.join(_OUTCOMES)}, got {result[:40]!r}")
    return _OUTCOMES[result]


def _ref(found: Attributes) -> str | None:
    ref = text(found, *_REF)
    return ref_of(ref if text(found, *_REF_TYPE) == "tag" else None, ref)

"""HCP Terraform's and Terraform Enterprise's run notifications to deployments of infrastructure: one per run.

A run deploys when it applies. What it came to is said by `run_status`, not by the trigger: `run:errored` is sent for
runs that somebody cancelled or discarded too, and `run:completed` for plans that changed nothing. A run that errored
while planning cannot be told from one that errored while applying: both are failures. The workspace is the environment
and, for want of another word, the service (give it as an alias). A verification has every field null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from producers.sources.common import Context, Mapped
from producers.sources.evidence import Vendor, chosen, labels, link, maybe_host, person
from producers.sources.forge import joined, left_out
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title
from producers.sources.times import stamp
from schemas.delivery import Deployment

VENDOR = Vendor("terraform", revision=1)

Status = Literal["started", "success", "failure", "cancelled"]

_STATUSES: dict[str, Status | None] = {
    "applying": "started",
    "applied": "success",
    "errored": "failure",
    "canceled": "cancelled",
    "force_canceled": "cancelled",
    "discarded": "cancelled",
    **dict.fromkeys(
        (
            "pending",
            "fetching",
            "fetching_completed",
            "pre_plan_running",
            "pre_plan_awaiting_decision",
            "pre_plan_completed",
            "queuing",
            "plan_queued",
            "planning",
            "planned",
            "planned_and_finished",
            "planned_and_saved",
            "cost_estimating",
            "cost_estimated",
            "policy_checking",
            "policy_override",
            "policy_soft_failed",
            "policy_checked",
            "confirmed",
            "post_plan_running",
            "post_plan_awaiting_decision",
            "post_plan_completed",
            "pre_apply_running",
            "pre_apply_awaiting_decision",
            "pre_apply_completed",
            "queuing_apply",
            "apply_queued",
        )
    ),
}
"""Every state that a run is documented to have; None: nothing is applied in it."""


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """Deployments of one notification, one for each state change it tells of.

    Raises:
        Rejected: what is missing or malformed; `unknown_status` for a state that runs do not have.
    """
    body = Fields(payload)
    told = list(body.children("notifications"))
    if not told:
        return left_out(VENDOR, body.maybe_text("trigger") or "no_notification")  # assessments have another shape
    return joined(_told(body, one, context) for one in told)


def _told(body: Fields, one: Fields, context: Context) -> Mapped:
    trigger = one.text("trigger")
    if not trigger.startswith("run:"):
        return left_out(VENDOR, trigger)
    status = chosen(one, "run_status", _STATUSES)
    if status is None:
        return left_out(VENDOR, one.text("run_status"))
    run, at = body.text("run_id"), one.instant("run_updated_at")
    workspace, organization = body.text("workspace_name"), body.maybe_text("organization_name")
    host = maybe_host(body.maybe_text("run_url"))
    return Mapped(
        events=(
            VENDOR.event(
                f"//{host}" if host else "//terraform",
                (run, one.text("run_status"), stamp(at)),
                at,
                lambda: Deployment(
                    provider=VENDOR.name,
                    service=dimension(workspace),
                    labels=labels({"organization": organization, "workspace": workspace}),
                    **person(context, body.maybe_text("run_created_by")),
                    url=link(body, "run_url"),
                    deployment_id=dimension(run),
                    environment=dimension(workspace),
                    status=status,
                    title=title(body.maybe_text("run_message") or ""),
                ),
                subject=dimension(workspace),
            ),
        )
    )

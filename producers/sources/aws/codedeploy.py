"""CodeDeploy's `Deployment State-change Notification` to deployments; its instances tell of the same, finer."""

from __future__ import annotations

from typing import Literal

from producers.sources.aws.shared import AWS, Notice
from producers.sources.common import Mapped
from producers.sources.evidence import chosen, labels
from producers.sources.forge import left_out
from producers.sources.redact import dimension
from schemas.delivery import Deployment

Status = Literal["queued", "started", "success", "failure", "cancelled"]

_STATES: dict[str, Status | None] = {
    "CREATED": "queued",
    "START": "started",
    "READY": None,  # the replacement waits for its traffic
    "SUCCESS": "success",
    "FAILURE": "failure",
    "STOP": "cancelled",
}


def deployment_state(notice: Notice) -> Mapped:
    """A state of a deployment.

    Raises:
        Rejected: what is missing or malformed; `unknown_status` for a state that deployments do not have.
    """
    detail = notice.detail
    status = chosen(detail, "state", _STATES)
    number, application = detail.text("deploymentId"), detail.text("application")
    group = detail.maybe_text("deploymentGroup")
    if status is None:
        return left_out(AWS, "codedeploy", detail.text("state"))
    return notice.mapped(
        dimension(application),
        ("codedeploy", number, status),
        lambda: Deployment(
            provider=AWS.name,
            service=dimension(application),
            labels=labels({"account": notice.account}),
            deployment_id=dimension(number),
            environment=dimension(group or "") or None,
            region=notice.region,
            status=status,
        ),
    )

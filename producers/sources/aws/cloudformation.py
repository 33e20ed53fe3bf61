"""CloudFormation's `Stack Status Change` to deployments: one per operation on a stack.

All events of one operation have its `client-request-token`; where a caller gave none, only what an operation came to is
taken, each by itself. An update that fails has failed when its rollback begins; when the rollback is complete it is
rolled back. The account is the environment and the stack the service (give them as tiers and aliases). Deleting and
importing deploy nothing.
"""

from __future__ import annotations

from typing import Literal

from producers.sources.aws.shared import AWS, Notice
from producers.sources.common import Mapped, Rejected
from producers.sources.evidence import chosen
from producers.sources.forge import left_out
from producers.sources.redact import dimension, title
from schemas.delivery import Deployment

Status = Literal["started", "success", "failure", "rolled_back"]

_STATUSES: dict[str, Status | None] = {
    "CREATE_IN_PROGRESS": "started",
    "CREATE_COMPLETE": "success",
    "CREATE_FAILED": "failure",
    "ROLLBACK_IN_PROGRESS": "failure",
    "ROLLBACK_COMPLETE": "rolled_back",
    "ROLLBACK_FAILED": "failure",
    "UPDATE_IN_PROGRESS": "started",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": None,
    "UPDATE_COMPLETE": "success",
    "UPDATE_FAILED": "failure",
    "UPDATE_ROLLBACK_IN_PROGRESS": "failure",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": None,
    "UPDATE_ROLLBACK_COMPLETE": "rolled_back",
    "UPDATE_ROLLBACK_FAILED": "failure",
    "REVIEW_IN_PROGRESS": None,
    "DELETE_IN_PROGRESS": None,
    "DELETE_COMPLETE": None,
    "DELETE_FAILED": None,
    "IMPORT_IN_PROGRESS": None,
    "IMPORT_COMPLETE": None,
    "IMPORT_ROLLBACK_IN_PROGRESS": None,
    "IMPORT_ROLLBACK_COMPLETE": None,
    "IMPORT_ROLLBACK_FAILED": None,
}
_PARTS = 3


def stack_status(notice: Notice) -> Mapped:
    """A state of an operation on a stack.

    Raises:
        Rejected: what is missing or malformed; `unknown_status` for a status that stacks do not have.
    """
    detail = notice.detail
    said, arn, token = (
        detail.child("status-details"),
        detail.text("stack-id"),
        detail.maybe_text("client-request-token"),
    )
    status, named = chosen(said, "status", _STATUSES), said.text("status")
    parts = arn.rpartition(":")[2].split("/")
    if len(parts) != _PARTS:
        raise Rejected("malformed_arn", "expected detail.stack-id like arn:aws:cloudformation:…:stack/name/id")
    _, stack, unique = parts
    if status is None or (token is None and named.endswith("IN_PROGRESS")):
        return left_out(AWS, "cloudformation", named)
    return notice.mapped(
        dimension(stack),
        ("cloudformation", arn, token, named),
        lambda: Deployment(
            provider=AWS.name,
            service=dimension(stack),
            deployment_id=dimension(f"{unique}:{token or named}"),
            environment=notice.account,
            region=notice.region,
            status=status,
            title=title(said.maybe_text("status-reason") or ""),
        ),
    )

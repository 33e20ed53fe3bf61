"""AWS's events to contract events: says which service an event is of, and hands it to that service's module.

An event comes as EventBridge makes it (an API destination, or SNS with raw delivery), or as the text of an SNS
notification. What the Developer Tools' notification rules send says `detailType` for `detail-type`. EventBridge
delivers at least once, and two rules may send one event: its `id` is not part of any identity.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from producers.sources.aws.cloudformation import stack_status
from producers.sources.aws.codebuild import build_state
from producers.sources.aws.codedeploy import deployment_state
from producers.sources.aws.codepipeline import action, execution
from producers.sources.aws.shared import AWS, Notice
from producers.sources.common import Context, Mapped
from producers.sources.forge import left_out
from producers.sources.payload import Fields

_MAPPERS: dict[str, Callable[[Notice, Context], Mapped]] = {
    "CloudFormation Stack Status Change": lambda notice, _: stack_status(notice),
    "CodeBuild Build State Change": build_state,
    "CodeDeploy Deployment State-change Notification": lambda notice, _: deployment_state(notice),
    "CodePipeline Action Execution State Change": lambda notice, _: action(notice),
    "CodePipeline Pipeline Execution State Change": execution,
}
_CONFIRMATIONS = {
    "SubscriptionConfirmation": "subscription_confirmation",
    "UnsubscribeConfirmation": "unsubscribe_confirmation",
}


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """Contract events of one event of EventBridge, plain or in a notification of SNS.

    Raises:
        Rejected: what is missing or malformed in an event of ours.
    """
    body = Fields(payload)
    kind = body.raw("Type")
    if isinstance(kind, str) and kind in _CONFIRMATIONS:
        return left_out(AWS, _CONFIRMATIONS[kind])
    if kind == "Notification":
        inner = _told(body.text("Message"))
        if inner is None:
            return left_out(AWS, "text")
        body = Fields(inner)
    name = body.maybe_text("detail-type") or body.maybe_text("detailType")
    if name is None:
        return left_out(AWS, "no_event")
    mapper = _MAPPERS.get(name)
    return mapper(Notice.of(body), context) if mapper else left_out(AWS, name)


def _told(message: str) -> dict[str, Any] | None:
    """The event in a notification's text; None where the text is for people, or none of EventBridge's."""
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None

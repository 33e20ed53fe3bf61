"""Azure DevOps' service hook to contract events: says which event a body is, and hands it to that kind's module.

`eventType` in the body says it. Work items, approvals, jobs, and releases that are made or abandoned tell nothing of
ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from producers.sources.azure_devops.changes import pull_request
from producers.sources.azure_devops.ci import build, run
from producers.sources.azure_devops.deployments import release, stage
from producers.sources.azure_devops.push import push
from producers.sources.azure_devops.shared import AZURE, Hook, hook
from producers.sources.common import Context, Mapped
from producers.sources.forge import left_out
from producers.sources.payload import Fields

_MAPPERS: dict[str, Callable[[Hook, Context], Mapped]] = {
    "build.complete": build,
    "git.pullrequest.created": pull_request,
    "git.pullrequest.merged": pull_request,
    "git.pullrequest.updated": pull_request,
    "git.push": push,
    "ms.vss-pipelines.run-state-changed-event": run,
    "ms.vss-pipelines.stage-state-changed-event": stage,
    "ms.vss-release.deployment-completed-event": release,
    "ms.vss-release.deployment-started-event": release,
}


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's form
    """Contract events of one Azure DevOps service hook.

    Args:
        payload: parsed JSON body.
        headers: request headers; not needed, the body says all.
        context: salt of hashed persons.

    Raises:
        Rejected: what is missing or malformed in an event of ours.
    """
    body = Fields(payload)
    kind = body.maybe_text("eventType") or "unnamed"
    mapper = _MAPPERS.get(kind)
    return mapper(hook(body), context) if mapper else left_out(AZURE, kind)

"""A vendor's payload through its mapper, at the edge: what breaks in a mapper is a dead letter, not an error.

Called by the routes of webhooks and of CloudEvents, after a sender has been let in and its body parsed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from producers.sources.common import Context, Mapped, Rejected
from producers.sources.registry import Source

log = logging.getLogger(__name__)


def mapped_by(source: Source, payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:
    """What a payload becomes.

    Raises:
        Rejected: what the mapper says; `mapper_failed` for a defect of ours, which must not lose what a vendor sends
            only once: the bytes wait for the mended mapper.
    """
    if source.map_events is None:
        raise TypeError(f"source {source.name} has no mapper of events")
    try:
        return source.map_events(payload, headers, context)
    except Rejected:
        raise
    except Exception as error:
        log.exception("mapper of %s failed", source.name)
        raise Rejected("mapper_failed", f"{type(error).__name__} in the mapper: a defect, see the log") from error

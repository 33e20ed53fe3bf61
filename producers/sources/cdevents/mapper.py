"""CDEvents 0.3 to 0.5 to contract events: says what a body is, and hands it to its subject's mapper.

They come as CloudEvents to `/v1/events` beside any others, or to a webhook of their own (there also bare, as tools post
them without an envelope); a Kafka record's value is the same. Custom types (`dev.cdeventsx…`) and subjects that no
contract of ours has are left out by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from producers.sources.carried import Carried, carried
from producers.sources.cdevents.shared import CDEVENTS, read
from producers.sources.cdevents.subjects import SUBJECTS
from producers.sources.common import Context, Mapped, Rejected, together
from producers.sources.forge import left_out
from producers.sources.payload import Fields

_TYPE = re.compile(r"dev\.cdevents\.([a-z]+)\.([a-z]+)(?:\.\d[\w.+-]*)?", re.IGNORECASE)
_CUSTOM = re.compile(r"dev\.cdeventsx\.([a-z0-9_-]+)\.([a-z0-9_-]+)(?:\.\d[\w.+-]*)?", re.IGNORECASE)


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """Contract events of a body: one CDEvent, a CloudEvent that carries one, or a batch of either.

    Raises:
        Rejected: `event_mismatch` where envelope and body disagree on the type, `unknown_status`, else what is missing
            or malformed; one bad event refuses the whole body.
    """
    return together([_one(one) for one in carried(payload, headers)] or [left_out(CDEVENTS, "empty_batch")])


def _one(one: Carried) -> Mapped:
    type_ = one.type or Fields(one.data).child("context").text("type")
    standard, custom = _TYPE.fullmatch(type_), _CUSTOM.fullmatch(type_)
    found = standard or custom
    if found is None:
        return left_out(CDEVENTS, "other_type")
    subject, predicate = (part.lower() for part in found.groups())
    mapper = SUBJECTS.get(subject)
    if mapper is None:
        return left_out(CDEVENTS, *(("custom",) if custom else ()), subject, predicate)
    body = Fields(one.data)
    if body.child("context").text("type") != type_:
        raise Rejected("event_mismatch", f"expected context.type {type_[:100]!r} as the envelope says, got another")
    return mapper(read(body, subject, predicate))

"""What CDEvents of every subject have in common: context, subject, what a sender of ours adds, the envelope.

Between `mapper.py`, which dispatches, and the modules of the subjects. CDEvents has no words for a commit, a region
or a retry; a sender may say them in `customData.adoption`, an object with words of ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from producers.sources.clones import clone
from producers.sources.common import Rejected, contract
from producers.sources.evidence import Vendor, labels, maybe_host, sha, word
from producers.sources.forge import repository
from producers.sources.payload import Fields
from producers.sources.redact import dimension, page
from schemas.base import event_id
from schemas.delivery import CiRun, Deployment, Incident, Merge, Repository
from schemas.envelope import Event

CDEVENTS = Vendor("cdevents", revision=1)

_USER = re.compile(r"//[^/?#]*@")
_MOST_LINKS = 50
_LONGEST_SOURCE = 400
_COMMITS = ("commit", "head_commit", "merge_commit")
_TEXTS = (
    "base_ref",
    "deployer",
    "deployment_id",
    "environment",
    "head_ref",
    "outcome",
    "ref",
    "region",
    "release_id",
    "service",
    "severity",
    "template",
    "tier",
    "version",
)
"""Words of `customData.adoption` beside `repository`, `attempt` and commits; each counts where its contract has it."""


@dataclass(frozen=True)
class Said:
    """One CDEvent.

    Attributes:
        id: of the event, as its sender gave it; another delivery may have another.
        subject: what it is about, e.g. `pipelinerun`.
        predicate: what happened to it, e.g. `finished`.
        source: the subject's instance, or the sender's.
        subject_id: the subject within its instance.
        at: when it happened.
        content: the subject's fields.
        given: fields of our contracts that the sender added.
        labels: evidence for the catalog.
        links: ids of the events that it points at (from 0.4).
    """

    id: str
    subject: str
    predicate: str
    source: str
    subject_id: str
    at: datetime
    content: Fields
    given: dict[str, Any]
    labels: dict[str, str]
    links: tuple[str, ...]

    def reference(self, key: str) -> Fields | None:
        """Another subject that this one refers to: an object with `id` and perhaps `source`."""
        return self.content.maybe_child(key)

    def event(
        self,
        make: type[CiRun | Deployment | Incident | Merge],
        fields: dict[str, Any],
        *,
        about: str | None,
        told: tuple[str | None, ...] = (),
    ) -> Event:
        """The contract event: these fields, and over them what the sender added.

        Args:
            make: the contract.
            fields: of the contract, without `provider` and `labels`.
            about: key of its partition; None: the subject.
            told: what besides subject, predicate and time makes it one event.
        """
        identity = (self.source, self.subject, self.subject_id, self.predicate, *told, self.at.isoformat())
        if "attempt" in self.given:
            identity += (str(self.given["attempt"]),)
        whole = {"provider": CDEVENTS.name, "labels": self.labels, **fields}
        whole |= {key: value for key, value in self.given.items() if key in make.model_fields}
        key = dimension(about or self.subject_id) or None
        return CDEVENTS.event(self.source, identity, self.at, lambda: make(**whole), subject=key)


def read(body: Fields, subject: str, predicate: str) -> Said:
    """The CDEvent in a body whose type has been looked at.

    Every version up to 0.5 is read alike: `context.version` became `context.specversion` in 0.5, `subject.type` (which
    repeats what the type says) went then, `chainId`, `links` and `schemaUri` came with 0.4.
    """
    context, about = body.child("context"), body.child("subject")
    if "version" not in context and "specversion" not in context:
        raise Rejected("missing_field", f"expected {context.at('specversion')} (or version, before 0.5), got neither")
    at, subject_id = context.instant("timestamp"), about.text("id")
    said_by = context.text("source")
    source = instance(about.maybe_text("source") or said_by)
    number = context.text("id")
    return Said(
        # A transformer that leaves the id to its collector writes 0: that names no event.
        id=number if number != "0" else event_id(CDEVENTS.name, source, subject_id, predicate, at.isoformat()),
        subject=subject,
        predicate=predicate,
        source=source,
        subject_id=dimension(page(subject_id) or subject_id),
        at=at,
        content=about.maybe_child("content") or Fields({}),
        given=_given(body),
        labels=labels({"chain_id": context.maybe_text("chainId")}),
        links=_links(context),
    )


def instance(address: str) -> str:
    """A source as `//host/path`, or `//cdevents/path` where it has no host; user and query, where secrets are, go."""
    bare = bare_of(address)
    home = bare.partition("://")[2] if "://" in bare else bare.removeprefix("//") if bare.startswith("//") else ""
    return dimension(f"//{home}" if home else f"//cdevents/{bare.lstrip('/')}", _LONGEST_SOURCE)


def bare_of(address: str) -> str:
    """An address (or any id) without user, query and fragment."""
    return _USER.sub("//", address).partition("?")[0].partition("#")[0].strip()


def name_of(reference: Fields | None) -> str | None:
    """The name or id of another subject, as a dimension."""
    text = (reference.maybe_text("name") or reference.maybe_text("id")) if reference else None
    return dimension(bare_of(text)) or None if text else None


def repository_of(reference: Fields | None) -> Repository | None:
    """The repository that a reference names: by its own address, else by its source's host; else by id alone."""
    if reference is None:
        return None
    text, source = reference.text("id"), reference.maybe_text("source") or ""
    found = clone(text)
    if found:
        return found
    host = maybe_host(source) or maybe_host(f"//{source}")
    if host and "." in host:
        return repository(host, None, text.strip("/"))
    return contract(lambda: Repository(id=dimension(f"{source}:{text}" if source else text)))


def _links(context: Fields) -> tuple[str, ...]:
    ends = (end for link in context.children("links") for end in (link.maybe_child("target"), link.maybe_child("from")))
    found = (end.maybe_text("contextId") for end in ends if end)
    return tuple(dict.fromkeys(dimension(one) for one in found if one))[:_MOST_LINKS]


def _given(body: Fields) -> dict[str, Any]:
    """What the sender added, as far as we know the words. `customData` may be base64 of anything: that has none."""
    custom = body.raw("customData")
    added = custom.get("adoption") if isinstance(custom, dict) else None
    if not isinstance(added, dict):
        return {}
    it = Fields(added, "customData.adoption")
    found: dict[str, Any] = {key: word(it, key) for key in _TEXTS}
    found |= {key: sha(it, key) for key in _COMMITS}
    home = it.maybe_text("repository")
    found["repository"] = (clone(home) or Repository(name=dimension(home.lower()))) if home else None
    found["attempt"] = it.maybe_integer("attempt")
    return {key: value for key, value in found.items() if value is not None}

"""What objects of a Kubernetes cluster say of themselves: which service, where, which version, by which labels.

Used by the mappers of Argo CD, Argo Rollouts, Flux and Kubernetes, so that one word means the same in all of them. An
object may name what it is of in an annotation or label of ours (`adoption/service`, `adoption/environment`,
`adoption/version`, `adoption/tier`); else the conventions of others count, else its own name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from producers.sources import evidence
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title

SERVICE = ("adoption/service", "backstage.io/kubernetes-id", "app.kubernetes.io/name")
ENVIRONMENT = ("adoption/environment", "app.kubernetes.io/environment", "environment", "env")
VERSION = ("adoption/version", "app.kubernetes.io/version")
_TIERS: Mapping[str, Literal["production", "nonprod"]] = {"production": "production", "nonprod": "nonprod"}
_DIGEST_DIGITS = 12
_MOVING_TAGS = frozenset({"latest", "main", "master", "stable", "edge", "nightly", "dev"})
_TAG_OF_COMMIT = re.compile(r"(?:.*-)?(?:sha|git)-([0-9a-f]{7,40})|([0-9a-f]{40})")


def said(meta: Fields | None, *names: str) -> str | None:
    """The first of these names that the object's annotations, then its labels, give a value to."""
    for kind in ("annotations", "labels"):
        found = evidence.word(meta.maybe_child(kind) if meta else None, *names)
        if found:
            return found
    return None


def service_of(meta: Fields) -> str:
    """The service that an object names: by annotation or label, else by its own name (the catalog has aliases)."""
    return said(meta, *SERVICE) or dimension(meta.text("name"))


def environment_of(meta: Fields, namespace: str | None) -> str | None:
    """The environment that an object names, else the namespace it lives in."""
    return said(meta, *ENVIRONMENT) or (dimension(namespace) if namespace else None) or None


def tier_of(meta: Fields) -> Literal["production", "nonprod"] | None:
    """The tier, only where the object says so."""
    return _TIERS.get(said(meta, "adoption/tier") or "")


def labels_of(meta: Fields, **more: str | None) -> dict[str, str]:
    """The object's labels as evidence, without what looks like a secret; annotations hold whole documents."""
    held = meta.maybe_child("labels")
    own = {name: title(held.maybe_text(name) or "") for name in held.names()} if held else {}
    return evidence.labels({**own, **more})


def tag_of(image: str | None) -> str | None:
    """The version in an image's reference: its tag, else the beginning of its digest; None for a tag that moves."""
    name, _, digest = (image or "").partition("@")
    tag = dimension(name.rpartition("/")[2].partition(":")[2])
    if tag:
        return None if tag in _MOVING_TAGS else tag
    algorithm, _, hexadecimal = digest.partition(":")
    return f"{algorithm}:{hexadecimal[:_DIGEST_DIGITS]}" if hexadecimal else None


def commit_of(tag: str | None) -> str | None:
    """The commit in a tag that says it is one (`sha-4f2a91c`, 40 digits of hex); a number or a date is none."""
    found = _TAG_OF_COMMIT.fullmatch(tag or "")
    return evidence.maybe_sha(found[1] or found[2]) if found else None


def condition(status: Fields | None, kind: str) -> Fields | None:
    """The condition of that type in an object's status."""
    held = status.children("conditions") if status else ()
    return next((one for one in held if one.raw("type") == kind), None)


def image_of(spec: Fields, name: str) -> str | None:
    """The image of a workload's main container: the one that is called like the workload, else the first."""
    template = spec.maybe_child("template")
    pod = template.maybe_child("spec") if template else None
    containers = list(pod.children("containers")) if pod else []
    main = next((one for one in containers if one.raw("name") == name), containers[0] if containers else None)
    return main.maybe_text("image") if main else None


def version_of(meta: Fields, spec: Fields) -> tuple[str | None, str | None]:
    """(version, commit) of a workload: what it or its pods are labelled with, else the tag of its main image."""
    template = spec.maybe_child("template")
    tag = tag_of(image_of(spec, meta.text("name")))
    pods = template.maybe_child("metadata") if template else None
    return said(pods, *VERSION) or said(meta, *VERSION) or tag, commit_of(tag)

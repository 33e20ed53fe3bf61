"""How vendors prove that a webhook is theirs: one pure verifier per scheme, over the raw bytes.

Asked by the access check with the secrets that are live for a source, before the payload is parsed. A verifier without
a secret says no; every secret is compared, in constant time. A sender that can only present a token (no signature) is
none of these: its scheme is in `TOKENS`, and a bearer token of the access file decides.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from producers.sources.registry import Scheme

TOLERANCE_SECONDS: Final = 300
"""How far a signed time may be from our clock: the five minutes that Standard Webhooks and Buildkite name."""
TOKENS: Final[frozenset[Scheme]] = frozenset({"token", "sns"})
"""Schemes of senders that present a token instead of signing: see `auth.Access.token`."""
WHSEC: Final = "whsec_"

Verifier = Callable[[Sequence[str], Mapping[str, str], bytes, float], bool]
"""(live secrets, request headers in any case, raw body, seconds since 1970) -> it is the vendor's."""


@dataclass(frozen=True)
class Proof:
    """A scheme.

    Attributes:
        is_proven: the verifier; never raises, whatever is in the headers.
        expected: what a good request carries, for the answer to one that is not and for the setup of a vendor.
    """

    is_proven: Verifier
    expected: str


def is_usable(scheme: Scheme, secret: str) -> bool:
    """Whether a secret can work at all: of Standard Webhooks it is base64, with or without `whsec_`."""
    if scheme == "standard-webhooks" or (scheme == "gitlab" and secret.startswith(WHSEC)):
        return _standard_key(secret) is not None
    return bool(secret)


def _signed(
    secrets: Sequence[str],
    headers: Mapping[str, str],
    raw: bytes,
    _now: float,
    *,
    names: Sequence[str],
    prefix: str = "",
    digest: str = "sha256",
    is_list: bool = False,
) -> bool:
    """Hex HMAC over the body: any of these headers, with this prefix, one or a list separated by commas."""
    presented = [_bytes(headers.get(name, "")) for name in names]
    if is_list:
        presented = [one.strip() for header in presented for one in header.split(b",")]
    expected = [prefix.encode() + _hex(secret.encode(), raw, digest) for secret in secrets if secret]
    return _any_equal(expected, presented)


def _gitlab(secrets: Sequence[str], headers: Mapping[str, str], raw: bytes, now: float) -> bool:
    """The signature where one came and a signing token is configured, never less; else the secret token itself."""
    keys = [secret for secret in secrets if secret.startswith(WHSEC)]
    if keys and "webhook-signature" in headers:
        return _standard(keys, headers, raw, now)
    tokens = [secret.encode() for secret in secrets if secret and not secret.startswith(WHSEC)]
    return _any_equal(tokens, [_bytes(headers.get("x-gitlab-token", ""))])


def _buildkite(secrets: Sequence[str], headers: Mapping[str, str], raw: bytes, now: float) -> bool:
    """The signature over `<timestamp>.<body>` where one came, never less; else the token itself."""
    live = [secret.encode() for secret in secrets if secret]
    if "x-buildkite-signature" not in headers:
        return _any_equal(live, [_bytes(headers.get("x-buildkite-token", ""))])
    pairs = dict(part.strip().partition("=")[::2] for part in headers["x-buildkite-signature"].split(","))
    timestamp = pairs.get("timestamp", "")
    signed = _bytes(timestamp) + b"." + raw
    is_good = _any_equal([_hex(key, signed, "sha256") for key in live], [_bytes(pairs.get("signature", ""))])
    return is_good and _is_fresh(timestamp, now)


def _standard(secrets: Sequence[str], headers: Mapping[str, str], raw: bytes, now: float) -> bool:
    """Standard Webhooks: base64 HMAC over `<id>.<timestamp>.<body>`; Svix's own header names mean the same."""
    keys = [key for secret in secrets if (key := _standard_key(secret))]
    return any([_is_standard(keys, headers, raw, now, family) for family in ("webhook", "svix")])  # noqa: C419


def _is_standard(keys: Sequence[bytes], headers: Mapping[str, str], raw: bytes, now: float, family: str) -> bool:
    said = [headers.get(f"{family}-{part}", "") for part in ("id", "timestamp", "signature")]
    message, timestamp, signatures = said
    signed = b".".join([_bytes(message), _bytes(timestamp), raw])
    expected = [b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
    is_good = _any_equal(expected, [_bytes(one) for one in signatures.split(" ")])
    return is_good and bool(message) and _is_fresh(timestamp, now)


def _standard_key(secret: str) -> bytes | None:
    try:
        return base64.b64decode(secret.removeprefix(WHSEC), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _is_fresh(timestamp: str, now: float) -> bool:
    is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12  # noqa: PLR2004 -- below year 5138
    return is_number and abs(now - int(timestamp)) <= TOLERANCE_SECONDS


def _any_equal(expected: Iterable[bytes], presented: Iterable[bytes]) -> bool:
    """Whether one of these is one of those; all are compared, so that the time tells nothing."""
    presented = list(presented)
    is_equal = False
    for good in expected:
        for given in presented:
            is_equal |= hmac.compare_digest(good, given)
    return is_equal


def _hex(key: bytes, signed: bytes, digest: str) -> bytes:
    return hmac.digest(key, signed, digest).hex().encode()


def _bytes(header: str) -> bytes:
    return header.encode("latin-1", "replace")


PROOFS: Final[Mapping[Scheme, Proof]] = {
    "github-hmac": Proof(
        partial(_signed, names=("x-hub-signature-256",), prefix="sha256="),
        "a header X-Hub-Signature-256 made over the body",
    ),
    "bitbucket-hmac": Proof(
        partial(_signed, names=("x-hub-signature",), prefix="sha256="),
        "a header X-Hub-Signature with `sha256=` made over the body",
    ),
    "gitea-hmac": Proof(
        partial(_signed, names=("x-gitea-signature", "x-forgejo-signature", "x-gogs-signature")),
        "a header X-Gitea-Signature made over the body",
    ),
    "gitlab": Proof(
        _gitlab,
        "a header X-Gitlab-Token, or webhook-id, webhook-timestamp (within five minutes) and "
        "webhook-signature made over the body",
    ),
    "circleci": Proof(
        partial(_signed, names=("circleci-signature",), prefix="v1=", is_list=True),
        "a header circleci-signature with `v1=` made over the body",
    ),
    "buildkite": Proof(
        _buildkite,
        "a header X-Buildkite-Token, or X-Buildkite-Signature made over the body and a time within five minutes",
    ),
    "flux-hmac": Proof(
        partial(_signed, names=("x-signature",), prefix="sha256="),
        "a header X-Signature with `sha256=` made over the body",
    ),
    "tfe-hmac": Proof(
        partial(_signed, names=("x-tfe-notification-signature",), digest="sha512"),
        "a header X-TFE-Notification-Signature made over the body",
    ),
    "pagerduty": Proof(
        partial(_signed, names=("x-pagerduty-signature",), prefix="v1=", is_list=True),
        "a header X-PagerDuty-Signature with `v1=` made over the body",
    ),
    "standard-webhooks": Proof(
        _standard,
        "headers webhook-id, webhook-timestamp (within five minutes) and webhook-signature made over the body",
    ),
}
"""Schemes of senders that sign. What is in neither `PROOFS` nor `TOKENS` does not exist (a test says so)."""

"""How each vendor proves itself: right, wrong, missing, stale, rotated, in another's header. Signatures by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from pathlib import Path
from typing import get_args

import pytest
from starlette.datastructures import Headers

from producers.http import auth, sns
from producers.http.problems import Problem
from producers.http.proofs import PROOFS, TOKENS, TOLERANCE_SECONDS
from producers.sources.registry import SOURCES, Scheme
from tests.support.ingest_service import TOKEN, digest

NOW = 1_767_225_600.0
BODY = b'{"order": "matters",  "spaces": "too"}'
SECRET = "a-secret"
KEY = b"twenty-four bytes of key"
WHSEC = "whsec_" + base64.b64encode(KEY).decode()


def hexed(secret=SECRET, body=BODY, algorithm="sha256"):
    return hmac.new(secret.encode(), body, algorithm).hexdigest()


def standard(*, key=KEY, body=BODY, at=NOW, family="webhook", message="msg_1"):
    signed = f"{message}.{at:.0f}.".encode() + body
    made = base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    return {f"{family}-id": message, f"{family}-timestamp": f"{at:.0f}", f"{family}-signature": f"v1,{made}"}


def buildkite(*, secret=SECRET, body=BODY, at=NOW):
    made = hexed(secret, f"{at:.0f}.".encode() + body)
    return {"X-Buildkite-Signature": f"timestamp={at:.0f},signature={made}"}


GOOD = {
    "github": ("github-hmac", SECRET, {"X-Hub-Signature-256": f"sha256={hexed()}"}),
    "bitbucket": ("bitbucket-hmac", SECRET, {"X-Hub-Signature": f"sha256={hexed()}"}),
    "gitea": ("gitea-hmac", SECRET, {"X-Gitea-Signature": hexed()}),
    "forgejo": ("gitea-hmac", SECRET, {"X-Forgejo-Signature": hexed()}),
    "gogs": ("gitea-hmac", SECRET, {"X-Gogs-Signature": hexed()}),
    "gitlab token": ("gitlab", SECRET, {"X-Gitlab-Token": SECRET}),
    "gitlab signing": ("gitlab", WHSEC, standard()),
    "circleci": ("circleci", SECRET, {"circleci-signature": f"v1={hexed()}"}),
    "circleci, a later version beside it": ("circleci", SECRET, {"circleci-signature": f"v2=00,v1={hexed()}"}),
    "buildkite token": ("buildkite", SECRET, {"X-Buildkite-Token": SECRET}),
    "buildkite signature": ("buildkite", SECRET, buildkite()),
    "flux": ("flux-hmac", SECRET, {"X-Signature": f"sha256={hexed()}"}),
    "terraform": ("tfe-hmac", SECRET, {"X-TFE-Notification-Signature": hexed(algorithm="sha512")}),
    "pagerduty": ("pagerduty", SECRET, {"X-PagerDuty-Signature": f"v1={hexed()}"}),
    "pagerduty, rotating": ("pagerduty", SECRET, {"X-PagerDuty-Signature": f"v1={hexed('new')}, v1={hexed()}"}),
    "standard webhooks": ("standard-webhooks", WHSEC, standard()),
    "standard webhooks, a bare key": ("standard-webhooks", WHSEC.removeprefix("whsec_"), standard()),
    "svix": ("standard-webhooks", WHSEC, standard(family="svix")),
}
SIGNED = {name: one for name, one in GOOD.items() if not name.endswith("token")}
TIMED = {
    "gitlab signing": lambda at: standard(at=at),
    "standard webhooks": lambda at: standard(at=at),
    "buildkite signature": lambda at: buildkite(at=at),
}


def is_proven(scheme, secrets, headers, body=BODY, now=NOW):
    return PROOFS[scheme].is_proven(secrets, Headers(headers), body, now)


def test_every_scheme_of_the_registry_has_one_way_to_be_checked():
    assert PROOFS.keys() | TOKENS == set(get_args(Scheme))
    assert not PROOFS.keys() & TOKENS
    assert {source.scheme for source in SOURCES.values()} <= set(get_args(Scheme))


def test_every_scheme_that_signs_is_tried_below():
    assert {scheme for scheme, _, _ in GOOD.values()} == PROOFS.keys()


@pytest.mark.parametrize("name", GOOD)
def test_what_a_vendor_sends_is_its_own(name):
    scheme, secret, headers = GOOD[name]
    assert is_proven(scheme, [secret], headers)


@pytest.mark.parametrize("name", GOOD)
def test_while_a_secret_is_rotated_both_are_good(name):
    scheme, secret, headers = GOOD[name]
    other = "whsec_" + base64.b64encode(b"another").decode() if secret.startswith("whsec_") else "another"
    assert is_proven(scheme, [other, secret], headers)
    assert is_proven(scheme, [secret, other], headers)
    assert not is_proven(scheme, [other], headers)


@pytest.mark.parametrize("name", GOOD)
def test_without_a_secret_or_a_header_nothing_is_anybodys(name):
    scheme, secret, headers = GOOD[name]
    assert not is_proven(scheme, [], headers)
    assert not is_proven(scheme, [""], dict.fromkeys(headers, ""))
    assert not is_proven(scheme, [secret], {})
    assert not is_proven(scheme, [secret], dict.fromkeys(headers, ""))
    for missing in headers:
        assert not is_proven(scheme, [secret], {key: value for key, value in headers.items() if key != missing})


@pytest.mark.parametrize("name", SIGNED)
def test_another_body_is_not_what_was_signed(name):
    scheme, secret, headers = SIGNED[name]
    for body in (BODY + b" ", BODY.replace(b"  ", b" "), b""):
        assert not is_proven(scheme, [secret], headers, body)


@pytest.mark.parametrize("name", GOOD)
def test_a_header_with_anything_else_in_it_is_refused_and_breaks_nothing(name):
    scheme, secret, headers = GOOD[name]
    for header, good in headers.items():
        for bad in (good[:-1], good + "0", "\u00e9", "v1=", "sha256=", ",", "=", "timestamp=", "v1,", " " * 3000):
            assert not is_proven(scheme, [secret], headers | {header: bad}), bad


def test_a_signature_in_another_vendors_header_is_nothing():
    for name, (scheme, secret, headers) in GOOD.items():
        for other in PROOFS:
            if other != scheme and not (name.startswith("gitlab signing") or other == "gitlab"):
                known = name.startswith(("standard", "svix")) and other == "standard-webhooks"
                assert is_proven(other, [secret], headers) == known, (name, other)


def test_the_sha_1_that_others_put_under_bitbuckets_name_is_refused():
    assert not is_proven("bitbucket-hmac", [SECRET], {"X-Hub-Signature": f"sha1={hexed(algorithm='sha1')}"})
    assert not is_proven("bitbucket-hmac", [SECRET], {"X-Hub-Signature": hexed()})


@pytest.mark.parametrize("name", TIMED)
def test_a_signature_holds_five_minutes_either_way(name):
    scheme, secret, _ = GOOD[name]
    for seconds, is_good in ((0, True), (TOLERANCE_SECONDS, True), (TOLERANCE_SECONDS + 1, False)):
        for sign in (1, -1):
            assert is_proven(scheme, [secret], TIMED[name](NOW + sign * seconds)) is is_good


@pytest.mark.parametrize("time", ["", "soon", "-1", "1e9", "\u0663", "9" * 400, " 1767225600"])
def test_a_time_that_is_none_is_stale(time):
    signed = f"msg_1.{time}.".encode() + BODY
    made = base64.b64encode(hmac.new(KEY, signed, "sha256").digest()).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": time, "webhook-signature": f"v1,{made}"}
    assert not PROOFS["standard-webhooks"].is_proven([WHSEC], headers, BODY, NOW)


def test_a_later_time_cannot_be_put_on_an_old_signature():
    old = standard(at=NOW - 9999)
    assert not is_proven("standard-webhooks", [WHSEC], old | {"webhook-timestamp": f"{NOW:.0f}"})
    signature = buildkite(at=NOW - 9999)["X-Buildkite-Signature"].replace(f"{NOW - 9999:.0f}", f"{NOW:.0f}")
    assert not is_proven("buildkite", [SECRET], {"X-Buildkite-Signature": signature})


def test_of_several_standard_signatures_one_is_enough():
    good = standard()
    several = good | {"webhook-signature": f"v1,AAAA v1a,BBBB {good['webhook-signature']}"}
    assert is_proven("standard-webhooks", [WHSEC], several)


def test_where_a_signature_comes_it_decides_and_the_token_beside_it_does_not():
    wrong = standard(key=b"another") | {"X-Gitlab-Token": SECRET}
    assert not is_proven("gitlab", [SECRET, WHSEC], wrong)
    assert is_proven("gitlab", [SECRET], wrong), "who has no signing key configured has the token alone"
    assert not is_proven("buildkite", [SECRET], buildkite(secret="x") | {"X-Buildkite-Token": SECRET})


def test_a_signing_key_is_no_token():
    assert not is_proven("gitlab", [WHSEC], {"X-Gitlab-Token": WHSEC})


def access(tmp_path: Path, text: str) -> auth.Access:
    file = tmp_path / "access.json"
    file.write_text(text)
    return auth.Access(file)


def test_secrets_of_names_that_sign_nothing_are_a_mistake_told_at_once(tmp_path):
    with pytest.raises(
        auth.AccessFileError, match=r"(?s)webhooks: expected names of sources that sign .*'alertmanager'"
    ):
        access(tmp_path, '{"webhooks": {"alertmanager": {"secrets": ["hidden"]}}}')


def test_githubs_secrets_may_stand_at_the_top_as_before(tmp_path):
    both = access(tmp_path, '{"github": {"secrets": ["old"]}, "webhooks": {"github": {"secrets": ["new"]}}}')
    assert both.file.secrets("github") == ("new", "old")
    for secret in ("old", "new"):
        both.signed(SOURCES["github"], {"x-hub-signature-256": f"sha256={hexed(secret)}"}, BODY)
    with pytest.raises(Problem) as refused:
        both.signed(SOURCES["github"], {"x-hub-signature-256": f"sha256={hexed('other')}"}, BODY)
    assert refused.value.status == 401
    assert "webhooks.github.secrets" in refused.value.body["message"]


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_a_token_may_come_as_the_password_of_basic(tmp_path):
    some = access(tmp_path, f'{{"tokens": [{{"name": "ado", "sha256": "{digest(TOKEN)}", "scopes": ["events"]}}]}}')
    for header in (f"Bearer {TOKEN}", f"bearer  {TOKEN}", basic(f"anyone:{TOKEN}"), basic(f":{TOKEN}")):
        assert some.token(header, "events").name == "ado"
    for header in (
        None,
        "",
        TOKEN,
        f"Token {TOKEN}",
        basic(TOKEN),
        basic(f"{TOKEN}:"),
        "Basic =",
        "Basic \u00e9",
        "Basic",
    ):
        with pytest.raises(Problem) as refused:
            some.token(header, "events")
        assert refused.value.status == 401
        assert refused.value.headers == {"www-authenticate": "Bearer"}


def test_the_digest_of_nothing_lets_nobody_in(tmp_path):
    empty = hashlib.sha256(b"").hexdigest()
    some = access(tmp_path, f'{{"tokens": [{{"name": "x", "sha256": "{empty}", "scopes": ["events"]}}]}}')
    for header in (None, "Bearer ", basic("x:")):
        with pytest.raises(Problem):
            some.token(header, "events")


def test_what_sns_wants_confirmed_is_logged_where_it_is_amazons(caplog):
    good = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=x"
    with caplog.at_level(logging.WARNING):
        sns.tell_confirmation({"Type": "SubscriptionConfirmation", "SubscribeURL": good})
        assert good in caplog.text
        caplog.clear()
        for payload in (
            {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://sns.example/?x"},
            {"Type": "SubscriptionConfirmation", "SubscribeURL": good + "\nforged line"},
            {"Type": "SubscriptionConfirmation"},
            {"Type": "Notification", "SubscribeURL": good},
            [],
            None,
        ):
            sns.tell_confirmation(payload)
        assert not caplog.text

"""What may leave the edge: words, titles, pages, persons, routes, times."""

from datetime import UTC, datetime

import pytest

from producers.sources import times
from producers.sources.common import Context, Rejected
from producers.sources.identity import actor, is_bot
from producers.sources.probes import is_probe
from producers.sources.redact import dimension, page, title
from producers.sources.routes import route_template


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  pay  api ", "pay api"),
        ("pay\x00\u202eapi\u200b", "payapi"),
        ("cafe\u0301", "café"),
        ("a\nb\u2028c", "a b c"),
        ("x" * 300, "x" * 200),
        ("\ud800lone", "lone"),
    ],
)
def test_dimensions_are_plain_and_bounded(text, expected):
    assert dimension(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\n\nFix the door\n\nSigned-off-by: Ada <ada@example.com>", "Fix the door"),
        ("Thanks ada.byron+x@mail.example.com!", "Thanks [email]!"),
        ("Rotate ghp_0123456789abcdefghij", "Rotate [secret]"),
        ("set password=hunter2 now", "set [secret] now"),
        ("See https://example.com/a?token=x#y for more", "See https://example.com/a for more"),
        ("   ", None),
    ],
)
def test_titles_carry_neither_addresses_nor_secrets(text, expected):
    assert title(text) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://user:key@example.com:8443/a/b?token=x#y", "https://example.com:8443/a/b"),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https://[", None),
        ("https://example.com:port/", None),
        (None, None),
    ],
)
def test_pages_have_no_user_and_no_query(address, expected):
    assert page(address) == expected


def test_a_person_is_a_salted_hash():
    one, other = Context(salt=b"one"), Context(salt=b"other")
    assert actor(one, "Ada") == actor(one, " ada ")
    assert actor(one, "ada") != actor(other, "ada")
    assert actor(one, "") is None
    assert len(actor(one, "ada")) == 16


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dependabot[bot]", True),
        ("29139614+renovate[bot]@users.noreply.github.com", True),
        ("Renovate-Bot", True),
        ("web-flow", True),
        ("abbot", False),
        ("", False),
    ],
)
def test_robots(name, expected):
    assert is_bot(None, name) is expected


@pytest.mark.parametrize(
    ("agent", "path", "expected"),
    [
        ("kube-probe/1.29", "/", True),
        ("ELB-HealthChecker/2.0", "/x", True),
        ("Mozilla/5.0 (compatible; UptimeRobot/2.0)", "/", True),
        ("checkout/2.1", "/healthz?full=1", True),
        ("checkout/2.1", "/actuator/health/readiness", True),
        ("checkout/2.1", "/health-records", False),
        ("", "/orders/ready", False),
    ],
)
def test_probes(agent, path, expected):
    assert is_probe(agent, path) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/users/42/orders/9f8e7d6c5b4a?token=x", "/users/{id}/orders/{id}"),
        ("/a/550e8400-e29b-41d4-a716-446655440000", "/a/{id}"),
        ("/a/deadbeefdeadbeef", "/a/{id}"),
        ("/mail/ada@example.com/x", "/mail/{id}/x"),
        ("/mail/ada%40example.com", "/mail/{id}"),
        ("/days/2024-05-01", "/days/{id}"),
        ("/a/JohnSmith9876", "/a/{id}"),
        ("/a;session=1/b", "/a"),
        ("/oauth2/token", "/oauth2/token"),
        ("/api/v1beta1/ec2/s3", "/api/v1beta1/ec2/s3"),
        ("//a//b/", "/a/b"),
        ("/", "/"),
        ("http://example.com/a/1?x=2", "/a/{id}"),
        ("*", "*"),
        ("example.com:443", ""),
        ("", ""),
        ("/" + "a/" * 20, "/a/a/a/a/a/a/a/a/a/a/a/a/..."),
        ("/caf%C3%A9", "/café"),
    ],
)
def test_routes_are_templates(path, expected):
    assert route_template(path) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-02T09:15:30Z", datetime(2024, 5, 2, 9, 15, 30, tzinfo=UTC)),
        ("2020-02-06T00:17:58.432911368Z", datetime(2020, 2, 6, 0, 17, 58, 432911, tzinfo=UTC)),
        ("2021-04-28 21:50:00 +0200", datetime(2021, 4, 28, 19, 50, tzinfo=UTC)),
        ("2016-08-12 15:23:28 UTC", datetime(2016, 8, 12, 15, 23, 28, tzinfo=UTC)),
        ("2015-05-05T19:40:15-04:00", datetime(2015, 5, 5, 23, 40, 15, tzinfo=UTC)),
    ],
)
def test_times_of_many_kinds(text, expected):
    assert times.iso(text, "at") == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2024-04-31T00:00:00Z", "malformed_time"),
        ("2024-05-02T09:15:30", "time_without_zone"),
        ("0001-01-01T00:00:00+14:00", "malformed_time"),
        ("2024-05-02T09:15:30+99:00", "malformed_time"),
        ("20240502T091530Z", "malformed_time"),
        ("now", "malformed_time"),
    ],
)
def test_times_that_are_none(text, reason):
    with pytest.raises(Rejected) as caught:
        times.iso(text, "at")
    assert caught.value.reason == reason


@pytest.mark.parametrize("seconds", [0, 1714641330123, -1, 1e300, float("nan")])
def test_epochs_out_of_range_are_refused(seconds):
    with pytest.raises(Rejected, match="time_out_of_range"):
        times.epoch(seconds, "at")

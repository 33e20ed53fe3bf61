"""How many requests per second a token may send, where its entry in the access file says so.

Only bearer tokens have a rate: vendors' webhooks are never turned away with 4xx for our own sake (some switch a hook
off after a few), their overload is answered 503.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from producers.http.problems import Problem

BURST_SECONDS: Final = 2.0
"""What a sender saved up may be spent at once, up to so many seconds' worth (at least one request)."""


@dataclass
class _Bucket:
    left: float
    at: float


class Rates:
    """A bucket per sender, filled at its rate."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds from anywhere (tests)."""
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, sender: str, per_second: float | None) -> None:
        """Count a request of a sender; None: it has no limit.

        Raises:
            Problem: 429 with the seconds until the next one is due.
        """
        if per_second is None:
            return
        most = max(1.0, per_second * BURST_SECONDS)
        now = self._clock()
        bucket = self._buckets.setdefault(sender, _Bucket(most, now))
        bucket.left = min(most, bucket.left + (now - bucket.at) * per_second)
        bucket.at = now
        if bucket.left < 1:
            wait = math.ceil((1 - bucket.left) / per_second)
            message = (
                f"expected at most {per_second:g} requests/s of token {sender!r}, got more: send fewer, larger ones"
            )
            raise Problem(429, "too_many_requests", message, headers={"retry-after": str(wait)})
        bucket.left -= 1

"""The year's traffic at the two gateways, request by request, in the order of time.

Who calls what, and since when, comes from `adoption.uses`; the volume is scaled to a budget, the pattern stays. NGINX
stands before most platform APIs and all product services, Kong before two APIs; each has its own dice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import exp
from random import Random
from typing import Literal, NamedTuple

from deploy.local.demo.adoption import Use, uses
from deploy.local.demo.organisation import PLATFORM, SERVICES, Capability, Service
from deploy.local.demo.year import PLANNED_DAYS, Year, activity, dice, is_workday

Gateway = Literal["nginx", "kong"]
Spans = Mapping[str, Sequence[tuple[datetime, datetime]]]
"""Service -> when it was unwell."""

_HOURS = (8, 9, 9, 10, 10, 10, 11, 11, 12, 13, 13, 14, 14, 14, 15, 15, 16, 17)
"""Hours of a working day, the lively ones more often."""
_WEEKEND_HOURS = (10, 11, 14)
_RAMP_DAYS = 25
_MONTH_END_DAYS = 6
_PROBED = (("GET", "/healthz"),)
EDGE = "web-edge"
"""The public edge's identity as a caller of product services."""
FORGOTTEN = "old-batch"
"""A caller that no catalog knows."""


class Request(NamedTuple):
    """One request as a gateway saw it."""

    at_ms: int
    service: str
    method: str
    path: str
    status: int
    consumer: str
    latency_ms: int
    sent: int
    is_probe: bool


@dataclass(frozen=True)
class _Flow:
    """A day's calls of one caller to one service."""

    service: str
    consumer: str
    routes: Sequence[tuple[str, str]]
    hours: Sequence[int]
    mean: float
    earliest: datetime | None = None


def requests(seed: int, year: Year, gateway: Gateway, budget: int, unwell: Spans) -> Iterator[list[Request]]:
    """The requests at a gateway, one list a day, sorted by time; about `budget` of them in all."""
    rng = dice(seed, "traffic", gateway)
    days = [(day, list(_flows(seed, year, gateway, day))) for day in year.days()]
    platform = sum(flow.mean for _, flows in days for flow in flows)
    fixed = sum(flow.mean for day in year.days() for flow in _product_flows(year, day)) if gateway == "nginx" else 0.0
    scale = max(budget - fixed, 0) / platform if platform else 0.0
    probes = [
        _Flow(capability.service.name, "", _PROBED, (12,), 1.0)
        for capability in PLATFORM
        if capability.gateway == gateway and capability.launched <= 0
    ]
    for day, flows in days:
        found: list[Request] = []
        for flow in flows:
            found += _calls(rng, flow, day, flow.mean * scale, unwell)
        if gateway == "nginx":
            for flow in _product_flows(year, day):
                found += _calls(rng, flow, day, flow.mean, unwell)
        found += [_request(rng, flow, flow.routes[0], day, 12, is_probe=True) for flow in probes]
        start, end = year.start.timestamp() * 1000, year.end.timestamp() * 1000
        yield sorted(request for request in found if start <= request.at_ms < end)


def _flows(seed: int, year: Year, gateway: Gateway, day: date) -> Iterator[_Flow]:
    planned = (datetime.combine(day, time(12), UTC) - year.start).total_seconds() / 86400
    planned *= PLANNED_DAYS / year.length
    hours = _HOURS if is_workday(day) else _WEEKEND_HOURS
    for use in _uses(seed, gateway):
        started = next((a for a, b in use.spans if a <= planned < b), None)
        if started is None or not _in_season(use.capability, day):
            continue
        ramp = 1 - 0.85 * exp(-(planned - use.spans[0][0]) / _RAMP_DAYS)
        mean = use.capability.calls * use.level * ramp * activity(day)
        yield _Flow(use.capability.service.name, use.consumer.name, use.capability.routes, hours, mean)
    for capability in PLATFORM:
        if capability.gateway == gateway and capability.launched <= 0:
            lost = 0.02 * capability.calls * 20 * activity(day)
            yield _Flow(capability.service.name, FORGOTTEN, capability.routes[:1], (3,), lost)
            yield _Flow(capability.service.name, "", capability.routes[:1], hours, lost / 2)


_USES: dict[tuple[int, Gateway], tuple[Use, ...]] = {}


def _uses(seed: int, gateway: Gateway) -> tuple[Use, ...]:
    key = (seed, gateway)
    if key not in _USES:
        _USES[key] = tuple(use for use in uses(seed) if use.capability.gateway == gateway)
    return _USES[key]


def _in_season(capability: Capability, day: date) -> bool:
    """A monthly capability is used in the first days of a month only."""
    return capability.grain != "month" or day.day <= _MONTH_END_DAYS


def _product_flows(year: Year, day: date) -> Iterator[_Flow]:
    """What reaches the product services themselves: few callers, at their busy hours."""
    if not is_workday(day):
        return
    for index, service in enumerate(SERVICES):
        if "traffic" not in service.milestones:
            continue
        since = year.moment(service.milestones["traffic"])
        if since.date() > day:
            continue
        hours = (9 + index % 4, 14 + index % 3) if since.date() < day else (since.hour,)
        earliest = since if since.date() == day else None
        yield _Flow(service.name, EDGE, _own_routes(service), hours, 4 * service.pace + 2, earliest)


def _own_routes(service: Service) -> tuple[tuple[str, str], ...]:
    stem = service.name.split("-")[0]
    return (("GET", f"/{stem}"), ("GET", f"/{stem}/{{id}}"), ("POST", f"/{stem}"))


def _calls(rng: Random, flow: _Flow, day: date, mean: float, unwell: Spans) -> Iterator[Request]:
    if flow.earliest is not None:
        first = _request(rng, flow, flow.routes[0], day, flow.earliest.hour)
        yield first._replace(at_ms=int(flow.earliest.timestamp() * 1000), status=200)
        return
    total = int(max(0.0, mean + rng.gauss(0, 1) * (0.3 * mean + mean**0.5)) + rng.random())
    trouble = [
        (int(a.timestamp() * 1000), int(b.timestamp() * 1000))
        for a, b in unwell.get(flow.service, ())
        if a.date() <= day <= b.date()
    ]
    for _ in range(total):
        hour = flow.hours[int(rng.random() * len(flow.hours))]
        route = flow.routes[int(rng.random() * len(flow.routes))]
        request = _request(rng, flow, route, day, hour)
        if trouble and rng.random() < 0.3 and any(a <= request.at_ms < b for a, b in trouble):  # noqa: PLR2004
            request = request._replace(status=503, latency_ms=request.latency_ms * 8)
        yield request


_EPOCH = date(1970, 1, 1)


def _request(
    rng: Random, flow: _Flow, route: tuple[str, str], day: date, hour: int, *, is_probe: bool = False
) -> Request:
    method, template = route
    at_ms = ((day - _EPOCH) // timedelta(days=1) * 24 + hour) * 3_600_000 + int(rng.random() * 3_600_000)
    path = template.replace("{id}", str(int(rng.random() * 899_999) + 100_000)) if "{" in template else template
    luck = rng.random()
    if luck < 0.97 or is_probe:  # noqa: PLR2004
        status = 201 if method == "POST" else 204 if method == "DELETE" else 200
    elif luck < 0.99:  # noqa: PLR2004
        status = 404 if "{" in template else 400
    elif luck < 0.994:  # noqa: PLR2004
        status = 401
    else:
        status = 429 if luck < 0.996 else 500  # noqa: PLR2004
    latency = int(8 + 60 * rng.random() ** 3 / (1.02 - rng.random()))
    sent = int(200 + 4000 * rng.random())
    return Request(at_ms, flow.service, method, path, status, flow.consumer, latency, sent, is_probe)

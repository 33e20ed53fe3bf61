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
from deploy.local.demo.delivery import Life
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


def requests(seed: int, year: Year, gateway: Gateway, budget: int, lives: Sequence[Life]) -> Iterator[list[Request]]:
    """The requests at a gateway, one list a day, sorted by time; about `budget` of them in all.

    Before the year stands what is left of older logs: the first request to each service that ran before.
    """
    products = _products(year, lives) if gateway == "nginx" else ()
    unwell = {life.service.name: life.unwell for life in lives}
    rng = dice(seed, "traffic", gateway)
    days = [(day, list(_flows(seed, year, gateway, day))) for day in year.days()]
    platform = sum(flow.mean for _, flows in days for flow in flows)
    fixed = sum(flow.mean for day in year.days() for flow in _product_flows(products, day))
    scale = max(budget - fixed, 0) / platform if platform else 0.0
    probes = [
        _Flow(capability.service.name, "", _PROBED, (12,), 1.0)
        for capability in PLATFORM
        if capability.gateway == gateway and capability.launched <= 0
    ]
    yield sorted(_first(rng, product) for product in products if product.since < year.start)
    for day, flows in days:
        found: list[Request] = []
        for flow in flows:
            found += _calls(rng, flow, day, flow.mean * scale, unwell)
        for flow in _product_flows(products, day):
            found += _calls(rng, flow, day, flow.mean, unwell)
        found += [_first(rng, product) for product in products if product.since.date() == day]
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


class _Product(NamedTuple):
    """A product service and when its first request came."""

    service: Service
    since: datetime


def _products(year: Year, lives: Sequence[Life]) -> tuple[_Product, ...]:
    """The product services that get traffic; the first comes when it was planned, but not before there is a release."""
    found = []
    for life in lives:
        planned = life.service.milestones.get("traffic")
        if planned is not None and life.deployed and life.service in SERVICES:
            since = max(year.moment(planned), life.deployed[0] + timedelta(minutes=40))
            found.append(_Product(life.service, since))
    return tuple(found)


def _product_flows(products: Sequence[_Product], day: date) -> Iterator[_Flow]:
    """What reaches the product services themselves: few callers, at their busy hours."""
    if not is_workday(day):
        return
    for index, (service, since) in enumerate(products):
        if since.date() < day:
            hours = (9 + index % 4, 14 + index % 3)
            yield _Flow(service.name, EDGE, _own_routes(service), hours, 4 * service.pace + 2)


def _own_routes(service: Service) -> tuple[tuple[str, str], ...]:
    stem = service.name.split("-")[0]
    return (("GET", f"/{stem}"), ("GET", f"/{stem}/{{id}}"), ("POST", f"/{stem}"))


def _first(rng: Random, product: _Product) -> Request:
    """The very first request to a product service, and it went well."""
    flow = _Flow(product.service.name, EDGE, _own_routes(product.service), (), 1)
    made = _request(rng, flow, flow.routes[0], product.since.date(), product.since.hour)
    return made._replace(at_ms=int(product.since.timestamp() * 1000), status=200)


def _calls(rng: Random, flow: _Flow, day: date, mean: float, unwell: Spans) -> Iterator[Request]:
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

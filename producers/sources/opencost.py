"""OpenCost (and Kubecost) allocations to charges: `/allocation` or `/allocation/compute` as JSON. Pure.

An answer is a list of sets, one per step of its window; each set is an export of its own, of the cluster and the step.
A charge is spread over the time that its workload ran. Labels name the service, else the catalog knows the path
`cluster/namespace/kind/controller`. `__idle__` is what nobody used; `__unallocated__` has no labels of ours.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from producers.sources.bills import Charge, Reading, Scope, money, tagged
from producers.sources.common import Rejected
from producers.sources.money import amount
from producers.sources.redact import LONGEST_RESOURCE, dimension
from producers.sources.times import iso

CURRENCY: Final = "USD"
"""OpenCost's price sheets are in US dollars unless told otherwise (then: --currency)."""

PROVIDER: Final = "OpenCost"
_IDLE = "__idle__"
_PATH = ("cluster", "namespace", "controllerKind", "controller", "pod", "container")


def charges(payload: Any, reading: Reading) -> list[Charge]:
    """The charges of an answer; a set without allocations says nothing.

    Args:
        payload: parsed JSON, numbers as `Decimal` (floats lose their last digits).
        reading: the account stands for the cluster's name where an answer has none, or several.

    Raises:
        Rejected: `not_opencost`, `malformed_allocation`, `no_account`.
    """
    sets = payload.get("data") if isinstance(payload, dict) else payload
    if not isinstance(sets, list):
        said = payload.get("message") if isinstance(payload, dict) else None
        raise Rejected("not_opencost", f"expected data: a list of allocation sets, got {str(said or type(sets))[:200]}")
    return [charge for number, one in enumerate(sets) if one for charge in _set(number, one, reading)]


def _set(number: int, allocations: Any, reading: Reading) -> list[Charge]:
    if not isinstance(allocations, dict):
        raise Rejected("not_opencost", f"expected an object per set, got {type(allocations).__name__} at {number}")
    for name, allocation in allocations.items():
        if not isinstance(allocation, dict):
            raise Rejected("malformed_allocation", f"expected an object for {name[:80]!r} of set {number}")
    try:
        scope = _scope(allocations.values(), reading)
        return [Charge(scope, _fields(name, allocation, scope, reading)) for name, allocation in allocations.items()]
    except Rejected as mistake:
        raise Rejected(mistake.reason, f"set {number}: {mistake.detail}") from None


def _scope(allocations: Collection[Mapping[str, Any]], reading: Reading) -> Scope:
    windows = {_window(allocation) for allocation in allocations}
    if len(windows) > 1:
        raise Rejected("malformed_allocation", f"expected one window in a set, got {len(windows)}")
    clusters = {cluster for one in allocations if (cluster := _property(one, "cluster"))}
    account = reading.account or (clusters.pop() if len(clusters) == 1 else None)
    if account is None:
        raise Rejected("no_account", f"expected the allocations of one cluster, got {len(clusters)}: give --account")
    ((start, end),) = windows
    return Scope(account, start, end)


def _window(allocation: Mapping[str, Any]) -> tuple[datetime, datetime]:
    window = allocation.get("window")
    if not isinstance(window, dict):
        raise Rejected("malformed_allocation", "expected a window with start and end")
    start, end = _time(window, "start"), _time(window, "end")
    if end <= start:
        raise Rejected(
            "malformed_allocation", f"expected a window's end after {start.isoformat()}, got {end.isoformat()}"
        )
    return start, end


def _time(container: Mapping[str, Any], name: str) -> datetime:
    value = container.get(name)
    if not isinstance(value, str):
        raise Rejected("malformed_allocation", f"expected {name} as a time, got {type(value).__name__}")
    return iso(value, name)


def _property(allocation: Mapping[str, Any], name: str) -> str:
    properties = allocation.get("properties")
    value = properties.get(name) if isinstance(properties, dict) else None
    return dimension(value) if isinstance(value, str) else ""


def _fields(name: str, allocation: Mapping[str, Any], scope: Scope, reading: Reading) -> dict[str, Any]:
    if allocation.get("totalCost") is None:
        raise Rejected("malformed_allocation", f"expected totalCost of {name[:80]!r}, got none")
    start, end = _ran(allocation, scope)
    is_idle = name.rsplit("/", maxsplit=1)[-1] == _IDLE
    path = "/".join(part for key in _PATH if (part := _property(allocation, key))) or dimension(name)
    return {
        "charge_start": start,
        "charge_end": end,
        "category": "usage",
        "provider": PROVIDER,
        "resource": (f"{path}/{_IDLE}" if is_idle and not path.endswith(_IDLE) else path)[:LONGEST_RESOURCE],
        **money(reading, reading.currency or CURRENCY, start, amount(allocation["totalCost"], "totalCost"), None),
        **({"is_idle": True} if is_idle else tagged(_labels(allocation), reading.tags)),
    }


def _ran(allocation: Mapping[str, Any], scope: Scope) -> tuple[datetime, datetime]:
    """When the workload ran, within the window; the window where that is not said."""
    if not isinstance(allocation.get("start"), str) or not isinstance(allocation.get("end"), str):
        return scope.start, scope.end
    start = min(max(_time(allocation, "start"), scope.start), scope.end)
    return start, min(max(_time(allocation, "end"), start), scope.end)


def _labels(allocation: Mapping[str, Any]) -> dict[str, Any]:
    """The workload's labels before its namespace's."""
    properties = allocation.get("properties")
    if not isinstance(properties, dict):
        return {}
    groups = (properties.get("namespaceLabels"), properties.get("labels"))
    return {key: value for group in groups if isinstance(group, dict) for key, value in group.items()}

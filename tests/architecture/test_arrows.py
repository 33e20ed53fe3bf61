"""Who may import whom: schemas ← producers, stream_processors, reports ← deploy; and one door to each server."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.architecture.imports import PACKAGES, Module, modules

MAY_IMPORT = {
    "schemas": {"schemas"},
    "producers": {"producers", "schemas"},
    "stream_processors": {"stream_processors", "schemas"},
    "reports": {"reports", "schemas"},
    "deploy": set(PACKAGES),
}

CONTRACTS_ARE_MADE_OF = {"pyarrow", "pydantic", "pydantic_core", "pydantic_settings"}
"""What schemas may import beside the standard library: no broker, no database, no web framework."""

ONLY_IN: dict[str, tuple[str, ...]] = {
    "confluent_kafka.Producer": ("producers/kafka.py",),
    "confluent_kafka.SerializingProducer": (),
    "confluent_kafka.aio": (),
    "clickhouse_connect": (
        "stream_processors/warehouse.py",
        "stream_processors/migrate_command.py",
        "reports/warehouse.py",
    ),
    "faust": ("stream_processors/app.py", "stream_processors/consumer.py"),
    "mode": ("stream_processors/app.py",),
    "aiokafka": ("stream_processors/consumer.py",),
    "chdb": ("deploy/local/engine/",),
    "uvicorn": ("producers/http/serve.py", "producers/http/wire.py", "deploy/local/engine/"),
    "starlette": ("producers/http/", "deploy/local/engine/", "reports/"),
}
"""Piece of infrastructure → the modules (or folders) that may know it."""


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_what_lies_below_them(package: str) -> None:
    broken = [
        f"{module.path}:{found.line} imports {found.name}"
        for module in modules(package)
        for found in module.imports()
        if (root := found.name.partition(".")[0]) in PACKAGES and root not in MAY_IMPORT[package]
    ]
    allowed = ", ".join(sorted(MAY_IMPORT[package]))
    assert not broken, f"{package} may import only {allowed} of ours, or parts can no longer be run alone: {broken}"


def test_tests_are_no_part_of_the_product() -> None:
    broken = [
        f"{module.path}:{found.line}" for module in modules() for found in module.imports() if found.inside("tests")
    ]
    assert not broken, f"the wheel ships without tests, so these would fail once installed: {broken}"


def test_contracts_know_no_infrastructure() -> None:
    broken = [
        f"{module.path}:{found.line} imports {found.name}"
        for module in modules("schemas")
        for found in module.imports()
        if found.name.partition(".")[0] not in {*sys.stdlib_module_names, *CONTRACTS_ARE_MADE_OF, "schemas"}
    ]
    assert not broken, f"a sender in another process takes contracts without our infrastructure: {broken}"


@pytest.mark.parametrize("what", ONLY_IN)
def test_infrastructure_has_one_door(what: str) -> None:
    broken = [
        f"{module.path}:{found.line}"
        for module in modules()
        for found in module.imports()
        if found.inside(what) and not module.path.startswith(ONLY_IN[what] or ("nowhere",))
    ]
    doors = " or ".join(ONLY_IN[what]) or "no module"
    assert not broken, (
        f"{what} may be imported by {doors}: its settings and errors are handled there once. Not by {broken}"
    )


def test_producers_are_not_reached_through_the_module() -> None:
    """`import confluent_kafka; confluent_kafka.Producer(…)` would pass by the door."""
    broken = [
        f"{module.path}:{node.lineno}"
        for module in modules()
        if module.path != "producers/kafka.py"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"Producer", "SerializingProducer"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"confluent_kafka", "cimpl"}
    ]
    assert not broken, f"a producer without `partitioner=murmur2_random` sends keys to other partitions: {broken}"


def _pure(module: Module) -> set[str]:
    asked = {"asyncio", "time", "random", "socket", "subprocess", "threading", "os", "uuid", "secrets"}
    return {found.name for found in module.imports() if found.name.partition(".")[0] in asked}


PURE = (
    "stream_processors/catalog.py",
    "stream_processors/decode.py",
    "stream_processors/delivery.py",
    "stream_processors/facts/",
    "stream_processors/gateway.py",
    "stream_processors/letters.py",
    "stream_processors/marks.py",
    "stream_processors/resolve.py",
)
"""Modules whose results depend on their input alone: replays and rebuilds rest on it."""


def test_pure_modules_can_reach_no_clock_and_no_chance() -> None:
    found = [module for module in modules("stream_processors") if module.path.startswith(PURE)]
    assert len(found) > len(PURE)
    broken = {module.path: names for module in found if (names := _pure(module))}
    assert not broken, f"a replay would give other rows: {broken}"
    clocks = [
        f"{module.path}:{node.lineno}"
        for module in found
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
    ]
    assert not clocks, f"a pure module asks what time it is; pass the time in: {clocks}"

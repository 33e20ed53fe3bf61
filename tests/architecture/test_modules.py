"""How modules look: small, introduced, and without the calls that lose events."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

import pytest

from tests.architecture.imports import ROOT, Module, modules

MOST_LINES = 300
LOOKED_AT = {
    "deploy/local/demo/delivery.py": (320, "one simulated life; its steps call each other"),
    "deploy/local/demo/github.py": (320, "payloads of one vendor, field by field"),
    "deploy/local/demo/organisation.py": (340, "a table of an invented company, one row a line"),
}
"""Longer modules → how long they may get, and why they are not two. They may shrink, not grow."""
TYPICAL_LINES = 150


def _lines(module: Module) -> int:
    return module.text.count("\n")


def test_no_module_is_too_long_to_read_in_one_go() -> None:
    limits = {module.path: LOOKED_AT.get(module.path, (MOST_LINES, ""))[0] for module in modules()}
    long = {module.path: _lines(module) for module in modules() if _lines(module) > limits[module.path]}
    assert not long, f"too many lines: look for the second thing that each of these does, and split it off: {long}"


def test_no_exception_outlives_its_module() -> None:
    sizes = {module.path: _lines(module) for module in modules()}
    idle = [path for path in LOOKED_AT if sizes.get(path, 0) <= MOST_LINES]
    assert not idle, f"no longer longer than {MOST_LINES} lines: take them out of LOOKED_AT: {idle}"


def test_the_typical_module_is_small() -> None:
    sizes = [_lines(module) for module in modules() if _lines(module) > 1]
    assert median(sizes) <= TYPICAL_LINES, f"the median module has {median(sizes)} lines"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)
def test_a_module_opens_with_a_paragraph_on_what_it_is_for(module: Module) -> None:
    if not module.text.strip():
        return
    said = ast.get_docstring(module.tree)
    assert said, f"{module.path} does not say what it is for"
    opening = said.partition("\n\n")[0].strip()
    assert len(opening.split()) >= 5, f"{module.path} opens with {opening!r}: say what it is for, in a sentence"
    assert opening[-1] in ".:?!", f"{module.path}: expected a sentence, got {opening!r}"


def _calls(tree: ast.AST, name: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name
    ]


def test_the_take_that_acknowledges_in_a_finally_is_used_by_the_canary_alone() -> None:
    """Faust's `take` acknowledges even when the body raised: a failed insert of 100 rows lost 101 events."""
    used = [f"{module.path}:{line}" for module in modules("stream_processors") for line in _calls(module.tree, "take")]
    assert not used, f"stream.take() loses what a failed insert held; use noack_take and ack last: {used}"
    canary = ROOT / "tests" / "support" / "unsafe_worker.py"
    assert _calls(ast.parse(canary.read_text(encoding="utf-8")), "take"), "the canary no longer shows the loss"


def test_nobody_acknowledges_but_the_pipeline() -> None:
    used = [
        f"{module.path}:{line}"
        for module in modules("stream_processors")
        if module.path != "stream_processors/pipeline.py"
        for line in _calls(module.tree, "ack")
    ]
    assert not used, f"an ack outside the one loop may come before rows, marks and letters are durable: {used}"


def test_tests_do_not_sleep_for_luck() -> None:
    """A wait is a poll with a deadline; a sleep outside a loop (for what must not happen) says why beside it."""
    found = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        tree, lines = ast.parse(text), text.splitlines()
        loops = [node for node in ast.walk(tree) if isinstance(node, ast.While | ast.For | ast.AsyncFor)]
        inside = {line for loop in loops for line in range(loop.lineno, (loop.end_lineno or 0) + 1)}
        found += [
            f"{path.relative_to(ROOT)}:{line}"
            for line in _calls(tree, "sleep")
            if line not in inside and "sleep(0)" not in lines[line - 1] and "#" not in lines[line - 1]
        ]
    assert not found, f"a sleep outside a polling loop is slow where it is long and wrong where it is short: {found}"


def test_the_repository_names_no_machine_of_ours() -> None:
    absolute = ("/" + "work/", "/" + "tmp/", "/" + "root/", "/" + "home/")
    broken = [
        f"{path.relative_to(ROOT)}: {place}"
        for path in _texts()
        for place in absolute
        if place in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert not broken, f"a path of one machine means nothing on another: {broken}"


def _texts() -> list[Path]:
    kinds = {".py", ".sql", ".md", ".json", ".toml"}
    return [
        path
        for package in ("schemas", "producers", "stream_processors", "reports")
        for path in sorted((ROOT / package).rglob("*"))
        if path.suffix in kinds
    ]

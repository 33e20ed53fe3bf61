"""The product's modules as the architecture tests see them: parsed, never imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "producers", "stream_processors", "reports", "deploy")


@dataclass(frozen=True)
class Import:
    """One imported name: `from a.b import c` is `a.b.c`, at a line."""

    name: str
    line: int

    def inside(self, package: str) -> bool:
        """Is it the package, or something in it?"""
        return self.name == package or self.name.startswith(f"{package}.")


@dataclass(frozen=True)
class Module:
    """A source file.

    Attributes:
        path: relative to the repository, with slashes.
        text: its source.
        tree: its syntax tree.
    """

    path: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The root package."""
        return self.path.partition("/")[0]

    def imports(self) -> Iterator[Import]:
        """All imports: at the top, inside functions, for type checking; relative ones made absolute."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (Import(alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parents = self.path.removesuffix(".py").split("/")[: -node.level]
                    base = ".".join([*parents, *([base] if base else [])])
                yield from (Import(f"{base}.{alias.name}", node.lineno) for alias in node.names)
            elif _is_dynamic(node):
                yield Import(node.args[0].value, node.lineno)  # type: ignore[attr-defined]


def _is_dynamic(node: ast.AST) -> bool:
    """`importlib.import_module("…")` or `__import__("…")` of a literal name."""
    if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
        return False
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name in {"import_module", "__import__"} and isinstance(node.args[0].value, str)


@cache
def modules(*packages: str) -> tuple[Module, ...]:
    """The modules of these packages (all of the product's, if none is named)."""
    found = []
    for package in packages or PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            found.append(Module(path.relative_to(ROOT).as_posix(), text, ast.parse(text)))
    assert found, f"no modules in {packages}"
    return tuple(found)

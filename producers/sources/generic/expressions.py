"""Expressions of mapping files: the part of JMESPath that looks at a payload and computes nothing.

Compiled when a file is read, so that a mistake is told at the start. Left out is all that multiplies: projections,
filters, slices, functions over lists. What is left visits each of its parts once, so an expression takes time and
memory in proportion to its own length and the payload's, both of which are bounded.
"""

from __future__ import annotations

from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

from producers.sources.common import Rejected

LONGEST: Final = 300
"""Characters of one expression."""
_PARTS: Final = frozenset(
    {
        "and_expression",
        "comparator",
        "current",
        "field",
        "function_expression",
        "identity",
        "index",
        "index_expression",
        "literal",
        "not_expression",
        "or_expression",
        "subexpression",
    }
)
_FUNCTIONS: Final = frozenset({"contains", "ends_with", "join", "not_null", "starts_with", "type"})


class ExpressionError(ValueError):
    """An expression that cannot be used; the message says what is wrong with it."""


class Expression:
    """A compiled expression."""

    def __init__(self, text: str) -> None:
        """Compile.

        Raises:
            ExpressionError: it is no JMESPath, too long, or uses what is left out.
        """
        if len(text) > LONGEST:
            raise ExpressionError(f"expected an expression of at most {LONGEST} characters, got {len(text)}")
        try:
            self._compiled = jmespath.compile(text)
        except JMESPathError as error:
            raise ExpressionError(f"expected a JMESPath expression, got {text!r}: {error}") from None
        self.text = text
        _check(self._compiled.parsed, text)

    def value(self, payload: Any) -> Any:
        """What it finds; None where there is nothing.

        Raises:
            Rejected: `wrong_type`, a function got what it is not for.
        """
        try:
            return self._compiled.search(payload)
        except JMESPathError:
            raise Rejected("wrong_type", f"expected values that {self.text} can be of, got others") from None

    def holds(self, payload: Any) -> bool:
        """Whether what it finds is neither false nor empty."""
        found = self.value(payload)
        return found is not None and found is not False and found not in ("", [], {})


def _check(part: Any, text: str, *, is_joined: bool = False) -> None:
    kind = part["type"]
    if kind not in _PARTS and not (kind == "multi_select_list" and is_joined):
        raise ExpressionError(
            f"expected fields, comparisons and {', '.join(sorted(_FUNCTIONS))}, got {kind} in {text!r}"
        )
    if kind == "function_expression" and part["value"] not in _FUNCTIONS:
        raise ExpressionError(f"expected one of {', '.join(sorted(_FUNCTIONS))}, got {part['value']} in {text!r}")
    for child in part["children"]:
        _check(child, text, is_joined=kind == "function_expression" and part["value"] == "join")

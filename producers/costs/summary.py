"""What an import of a bill says of itself: per account and period how many charges, how much, and what has no service.

Pure; the same sums stand in the view `cost_reconciliation`, so that one can be held against the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, localcontext

from schemas.costs import Cost, CostExport
from schemas.envelope import Event


def summary(events: Iterable[Event]) -> Iterator[str]:
    """One line per export, in its order."""
    charges: dict[str, list[Cost]] = {}
    made: list[CostExport] = []
    for event in events:
        if isinstance(event.data, Cost):
            charges.setdefault(event.data.export, []).append(event.data)
        elif isinstance(event.data, CostExport):
            made.append(event.data)
    for export in made:
        lines = charges.get(export.export, [])
        currency = lines[0].currency if lines else ""
        state = "closed" if export.is_closed else "open"
        yield (
            f"{export.account}, {export.period_start:%Y-%m-%d} to {export.period_end:%Y-%m-%d} ({state}): "
            f"{export.lines:,} charges, {_sum(lines):,.2f} {currency} effective cost, "
            f"{_sum(line for line in lines if line.service is None):,.2f} without a tag that names a service"
        )


def _sum(charges: Iterable[Cost]) -> Decimal:
    with localcontext(prec=60):
        return sum((Decimal(charge.effective_cost) for charge in charges), Decimal(0))

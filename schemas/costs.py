"""The cost stream's contracts: one charge of a bill or cluster, and the export that it is a line of.

A provider's export has no row ids, and bills change for weeks. So an export counts whole or not at all: its lines carry
the digest of all lines (`export`), and one `CostExport` says how many there are, of which account and period, and when
it was made. The latest complete export of an account counts for its period; what it no longer has is gone.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, StringConstraints, ValidationInfo, field_validator, model_validator

from schemas.base import Contract, Instant, Name
from schemas.catalog import ResourceId

MONEY_DIGITS = 18
"""Decimals of an amount: providers bill fractions of a cent to 10 and more."""

Money = Annotated[str, StringConstraints(pattern=r"^-?\d{1,20}(\.\d{1,18})?$")]
"""An exact decimal as text, at most 20 digits before the point and 18 after it; never a binary fraction."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""ISO 4217."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]

Category = Literal["usage", "purchase", "tax", "credit", "adjustment"]
"""FOCUS ChargeCategory in lower case; an allocation of a cluster is usage."""


class _Scoped(Contract):
    """What a line and its export share."""

    export: Digest = Field(description="Digest of all lines of the export of this account and period")
    account: Name = Field(description="Billing account; of a cluster its name")
    period_start: Instant = Field(description="Billing period, or the window of an allocation")
    period_end: Instant

    @field_validator("period_end")
    @classmethod
    def _period_has_a_length(cls, end: Instant, info: ValidationInfo) -> Instant:
        if (start := info.data.get("period_start")) and end <= start:
            raise ValueError(f"expected an end after the period's start {start.isoformat()}, got {end.isoformat()}")
        return end


class Cost(_Scoped):
    """One charge: what it costs, for which time, and what tells whose it is."""

    kind: Literal["cost"] = "cost"
    charge_start: Instant
    charge_end: Instant = Field(description="First instant after it; the start itself for a charge without duration")
    category: Category
    currency: Currency
    effective_cost: Money = Field(description="Amortised cost after discounts (FOCUS EffectiveCost), what counts here")
    billed_cost: Money | None = Field(default=None, description="As invoiced (FOCUS BilledCost)")
    converted_from: Currency | None = Field(default=None, description="Currency of the bill, where it was converted")
    rate: Money | None = Field(default=None, description="Rate it was converted with")
    provider: Name | None = None
    product: Name | None = Field(default=None, description="What the provider calls its service (FOCUS ServiceName)")
    sub_account: Name | None = None
    resource: ResourceId | None = None
    sku: Name | None = None
    service: Name | None = Field(default=None, description="Service that a tag or label names")
    service_tag: Name | None = Field(default=None, description="Key of that tag or label")
    is_idle: bool = Field(default=False, description="Paid for and used by nobody: idle capacity, unused commitment")

    @field_validator("charge_end")
    @classmethod
    def _charge_goes_forward(cls, end: Instant, info: ValidationInfo) -> Instant:
        if (start := info.data.get("charge_start")) and end < start:
            raise ValueError(f"expected an end not before the start {start.isoformat()}, got {end.isoformat()}")
        return end

    @model_validator(mode="after")
    def _a_tag_names_its_service(self) -> Self:
        if (self.service is None) != (self.service_tag is None):
            raise ValueError("expected service and service_tag together")
        return self


class CostExport(_Scoped):
    """An export of one account and period: it counts once all of its lines are there."""

    kind: Literal["cost_export"] = "cost_export"
    exported_at: Instant = Field(description="Of two exports of an account and period the later one counts")
    lines: NonNegativeInt
    is_closed: bool = Field(default=False, description="The provider has closed the period")
    final_from: Instant | None = Field(
        default=None, description="From when the period is taken as closed without its word"
    )

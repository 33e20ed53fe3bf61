"""`adoption costs`: the command line around the import of bills; imports it only when it runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click


@click.group()
def costs() -> None:
    """Tell what platform services cost."""


@costs.command("import")
@click.argument("places", metavar="PATH|URL…", nargs=-1, required=True)
@click.option(
    "--format", "format_", type=click.Choice(["focus", "opencost"]), help="Default: JSON is opencost, the rest focus."
)
@click.option("--source", help="The export's name; default: //focus or //opencost.")
@click.option("--account", help="Billing account, or cluster, of charges that name none.")
@click.option("--currency", help="Currency of charges that name none (OpenCost: USD).")
@click.option(
    "--rates", "rates_file", type=click.Path(exists=True, path_type=Path), help="CSV: currency, rate[, from (a day)]."
)
@click.option("--into", help="Convert every amount into this currency with --rates.")
@click.option("--exported-at", help="When the export was made; default: now. Of two the later counts.")
@click.option("--closed/--open", "is_closed", default=None, help="The provider has (not) closed the billing period.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
def import_(
    *,
    places: tuple[str, ...],
    format_: str | None,
    source: str | None,
    account: str | None,
    currency: str | None,
    rates_file: Path | None,
    into: str | None,
    exported_at: str | None,
    is_closed: bool | None,
    dry_run: bool,
) -> None:
    """Import a bill (FOCUS 1.0 to 1.2: CSV, Parquet) or allocations of a cluster (OpenCost: JSON).

    An import is the whole of each billing account and period that it has charges of, and replaces what was imported
    of them from the same --source before: give all parts of one export together. The same file again changes nothing,
    a corrected one restates, a charge that it no longer has is gone. Exports that share an account but not their
    charges need different --source names.

    Without --closed a period is provisional until all its charges are invoiced (FOCUS 1.2: InvoiceId), or
    ADOPTION_COST_FINAL_DAYS after its end.
    """
    from producers.client import IngestError, deliver  # noqa: PLC0415 - a group's listing must not pay for it
    from producers.costs import files  # noqa: PLC0415
    from producers.costs.summary import summary  # noqa: PLC0415
    from producers.sources import opencost  # noqa: PLC0415
    from producers.sources.bills import Closing, Reading, exports  # noqa: PLC0415
    from producers.sources.common import Rejected  # noqa: PLC0415
    from producers.sources.times import day_or_iso  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415

    if (rates_file is None) != (into is None):
        raise click.UsageError("--rates and --into go together")
    known: files.Format | None = format_  # type: ignore[assignment]
    try:
        rates = files.rates(rates_file, into) if rates_file and into else None
        charges = files.read(places, known, Reading(settings().cost_tags, account, currency, rates))
        made = day_or_iso(exported_at, "--exported-at") if exported_at else datetime.now(UTC)
        is_bill = not any(charge.fields.get("provider") == opencost.PROVIDER for charge in charges)
        named = source or ("//focus" if is_bill else "//opencost")
        events = exports(charges, named, Closing(made, is_closed, settings().cost_final_days))
        if not dry_run:
            deliver(events, settings())
    except (Rejected, IngestError) as error:
        raise click.ClickException(f"nothing is restated: {error}") from error
    for line in summary(events):
        click.echo(line)
    if dry_run:
        click.echo("nothing was sent", err=True)
    elif not events:
        click.echo("no charges: nothing was sent", err=True)

"""`adoption tail`: the command line around the shipper; imports it only when it runs."""

from __future__ import annotations

import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from producers.sources.lines import FORMATS

if TYPE_CHECKING:
    from producers.tail.outlets import Outlet
    from producers.tail.pipeline import Mapper, Totals
    from producers.tail.shipper import Shipper
    from schemas.settings import Settings

_IDLE = 0.25
_GRACE = 5.0
_ONCE_PATIENCE = 600.0


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(list(FORMATS)), required=True, help="What its lines are.")
@click.option("--service", help="Whom the log speaks of where a line does not say.")
@click.option("--zone", help="Time zone of a log that tells none (haproxy), e.g. Europe/Berlin or UTC.")
@click.option("--follow/--once", default=True, show_default=True, help="Go on with what is added, or end at the end.")
@click.option("--from-start", is_flag=True, help="At the first start, ship what is there too (--once always does).")
@click.option("--state", type=click.Path(path_type=Path), help="Folder of the state; default: <data dir>/tail.")
@click.option("--source", help="Name of this shipper in units, kept in the state; default: the host's name.")
@click.option(
    "--most-rejected",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Stop when more than this share of a unit's lines cannot be read.",
)
@click.option("--kafka", is_flag=True, help="Send to Kafka itself (ADOPTION_KAFKA_...), not to the ingest service.")
def tail(
    *,
    file: Path,
    form: str,
    service: str | None,
    zone: str | None,
    follow: bool,
    from_start: bool,
    state: Path | None,
    source: str | None,
    most_rejected: float,
    kafka: bool,
) -> None:
    """Ship an access log: each line counts once, through crashes and rotations.

    FILE is cut into units of whole lines; what is about to be sent is written down first, and sent again after a crash.
    Rotation by rename and by copytruncate is followed. Compressed files are not read: let logrotate delay the
    compression. A last line without its end waits. Lines that cannot be read are listed in <state>/*.rejected.jsonl.
    With the state lost, the same log may count twice.

    Formats of JSON, an object a line: nginx-json, envoy (an edge), istio (sidecars: a request counts at its server),
    traefik, caddy, linkerd; kong, apisix, krakend (files of their records).

    Formats of text: combined (NGINX), ingress (ingress-nginx), traefik-clf, httpd (Apache), haproxy (option httplog;
    needs --zone), alb (AWS).
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - the command line's listing must not pay for it

    from producers.client import IngestError  # noqa: PLC0415
    from producers.tail.pipeline import IN_FLIGHT, Pipeline, StoppedError, WrongFormatError  # noqa: PLC0415
    from producers.tail.progress import Progress, StateError  # noqa: PLC0415
    from producers.tail.shipper import Shipper  # noqa: PLC0415
    from producers.tail.store import Store  # noqa: PLC0415
    from schemas.settings import data_dir, settings  # noqa: PLC0415

    configured = settings()
    log = file.absolute()
    _check_zone(form, zone)
    if kafka and "ADOPTION_KAFKA_BOOTSTRAP" not in os.environ:
        raise click.ClickException(
            "expected ADOPTION_KAFKA_BOOTSTRAP of a Kafka cluster with --kafka: the embedded stack's broker is memory, "
            "send to its ingest service instead"
        )
    if not follow and not log.exists():
        raise click.ClickException(f"expected a log at {log}, found none")
    executor = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="send")
    try:
        store = Store(state or data_dir() / "tail", log)
        known = store.load()
        progress = known or Progress(source or socket.gethostname())
        outlet = _outlet(configured, progress.source, kafka=kafka, patience=math.inf if follow else _ONCE_PATIENCE)
        stopped = _until_told()
        pipeline = Pipeline(
            progress=progress,
            keeper=store,
            mapper=_mapper(configured, form, service, zone),
            outlet=outlet,
            executor=executor,
            is_told_to_stop=stopped.is_set,
            most_rejected=most_rejected,
        )
        shipper = Shipper(log, pipeline)
        with suppress(StoppedError):
            shipper.start(at_end=known is None and follow and not from_start)
            _run(shipper, pipeline.totals, stopped, follow=follow)
        arrived = pipeline.stop(_GRACE)
    except (StateError, WrongFormatError, IngestError, OSError) as error:
        click.echo(f"Error: {log}: {error}", err=True)
        _leave(1)
    _say(pipeline.totals, shipper.partial, store.rejected_path)
    if not arrived:
        click.echo("stopped before all was taken: the next start sends the rest", err=True)
        _leave(0)
    outlet.close()
    store.close()


def _run(shipper: Shipper, totals: Totals, stopped: threading.Event, *, follow: bool) -> None:
    show = _progress_line(totals) if not follow and sys.stderr.isatty() else lambda: None
    while not stopped.is_set():
        if shipper.poll(time.monotonic(), flush=not follow):
            show()
        elif follow:
            stopped.wait(_IDLE)
        else:
            return


def _leave(status: int) -> NoReturn:
    """End at once: a thread that waits for the service must not hold the process; what it sends is written down."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _check_zone(form: str, zone: str | None) -> None:
    from zoneinfo import available_timezones  # noqa: PLC0415

    if FORMATS[form].is_local and not zone:
        raise click.UsageError(
            f"expected --zone, the time zone of the machine that wrote the log: {form} logs local time without a zone"
        )
    if zone and not FORMATS[form].is_local:
        raise click.UsageError(f"expected no --zone: {form} logs the zone with the time")
    if zone and zone not in available_timezones():
        raise click.UsageError(f"expected a --zone like Europe/Berlin or UTC, got {zone!r}")


def _mapper(configured: Settings, form: str, service: str | None, zone: str | None) -> Mapper:
    from producers.sources.common import Context  # noqa: PLC0415
    from producers.sources.line_mapper import map_lines  # noqa: PLC0415

    context = Context(salt=configured.actor_salt.get_secret_value().encode())
    return lambda raw, unit: map_lines(raw, unit=unit, format=form, context=context, service=service, zone=zone)


def _outlet(configured: Settings, source: str, *, kafka: bool, patience: float) -> Outlet:
    from producers.tail.outlets import HttpOutlet, KafkaOutlet  # noqa: PLC0415

    if kafka:
        from producers.kafka import KafkaSink, client_config  # noqa: PLC0415

        return KafkaOutlet(KafkaSink(client_config(configured)), source)
    from producers.client import IngestClient  # noqa: PLC0415

    token = configured.ingest_token.get_secret_value() if configured.ingest_token else None
    return HttpOutlet(lambda: IngestClient(configured.ingest_url, token, patience=patience))


def _until_told() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _progress_line(totals: Totals) -> Callable[[], None]:
    began = shown = time.monotonic()

    def show() -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= 1:
            shown = now
            rate = totals.lines / (now - began)
            sys.stderr.write(f"\r{totals.lines:,} lines, {totals.bytes / 1e6:,.1f} MB, {rate:,.0f} lines/s ")
            sys.stderr.flush()

    return show


def _say(totals: Totals, partial: int, rejected: Path) -> None:
    click.echo(
        f"{totals.requests:,} requests of {totals.lines:,} lines ({totals.bytes / 1e6:,.1f} MB) shipped in "
        f"{totals.units:,} units, {totals.resent:,} of them again after a crash"
    )
    for reason, count in sorted(totals.rejected.items()):
        click.echo(f"not readable: {count:,} lines, {reason}; listed in {rejected}", err=True)
    for reason, count in sorted(totals.ignored.items()):
        click.echo(f"left out: {count:,} lines, {reason}", err=True)
    if partial:
        click.echo(f"waiting: {partial:,} bytes of a last line without its end", err=True)
    for note in totals.notes:
        click.echo(note, err=True)

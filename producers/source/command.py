"""`adoption source`: the command line around setups, trials and arrivals; imports them only when it runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from producers.source.access import Credential
    from producers.source.setups import Sender
    from schemas.settings import Settings


@click.group()
def source() -> None:
    """Connect what sends to us: list, set up, try."""
    from producers.sources.generic.mapping import MappingFileError  # noqa: PLC0415 - a listing must not pay for it
    from producers.sources.registry import with_generic  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415

    try:
        with_generic(settings().generic_dir)
    except MappingFileError as error:
        raise click.ClickException(str(error)) from error


@source.command("list")
@click.option("--json", "is_json", is_flag=True, help="As JSON.")
def list_(*, is_json: bool) -> None:
    """Every source, and what came from it where the ingest service answers (ADOPTION_INGEST_URL, …_TOKEN)."""
    from producers.source.arrivals import Arrivals, NoAnswerError  # noqa: PLC0415 - a listing must not pay for it
    from producers.source.setups import names, sender  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415

    senders = [sender(name) for name in names()]
    came: dict[str, dict[str, Any]] = {}
    try:
        with Arrivals(settings().ingest_url, _token(settings())) as arrivals:
            came = arrivals.all()
    except NoAnswerError as error:
        click.echo(f"what came is not known: {error}", err=True)
    if is_json:
        listed = [{**_tally(one, came), "name": one.name, "path": one.path, "scope": one.scope} for one in senders]
        click.echo(json.dumps(listed, indent=2))
        return
    for one in senders:
        way = one.path if one.source else f"adoption {'emit' if one.scope == 'events' else 'tail --format ' + one.name}"
        click.echo(f"{one.name:22} {way:36} {_proof(one):20} {_state(one, came)}".rstrip())


@source.command()
@click.argument("name", metavar="SOURCE")
@click.option("--url", help="This service's address as the sender sees it; default: ADOPTION_INGEST_URL.")
@click.option("--access", type=click.Path(path_type=Path), help="Access file; default: ADOPTION_INGEST_ACCESS_FILE.")
@click.option(
    "--secret", envvar="ADOPTION_SOURCE_SECRET", help="What the vendor made and showed (or: ADOPTION_SOURCE_SECRET)."
)
@click.option("--rotate", is_flag=True, help="Make a new secret beside the one that is there.")
@click.option("--write", is_flag=True, help="Write the token or secret into the access file.")
@click.option("--wait", is_flag=True, help="Wait for the first event and show what it became.")
@click.option("--timeout", type=click.FloatRange(1), default=600.0, show_default=True, help="Seconds to wait.")
def add(
    *,
    name: str,
    url: str | None,
    access: Path | None,
    secret: str | None,
    rotate: bool,
    write: bool,
    wait: bool,
    timeout: float,
) -> None:
    """Print what to enter at SOURCE so that it sends to us: address, secret, events, and a snippet to paste.

    With --write the secret is in force at once, beside those that are there. Tokens are shown this once: the file
    keeps only their digests.
    """
    from producers.http.auth import AccessFileError  # noqa: PLC0415 - a group's listing must not pay for it
    from producers.source import access as accesses  # noqa: PLC0415
    from producers.source.arrivals import Arrivals, NoAnswerError  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415

    one = _sender(name)
    path = access or settings().ingest_access_file
    if write and path is None:
        raise click.UsageError("--write needs --access or ADOPTION_INGEST_ACCESS_FILE: which file is it?")
    try:
        made = accesses.credential(one, accesses.content_of(path), secret, is_rotated=rotate)
        shown = made.secret if made else f"(shown by the vendor; then: adoption source add {name} --secret … --write)"
        click.echo(one.text(url or settings().ingest_url, shown))
        click.echo(f"\n{_said(made, path, write=write)}")
        if made and made.is_new and write and path:
            accesses.write(path, made.content)
        if wait:
            with Arrivals(settings().ingest_url, _token(settings())) as arrivals:
                click.echo(f"waiting for {name} (Ctrl-C ends the waiting) …", err=True)
                for line in arrivals.until_first(one.tally, timeout):
                    click.echo(line)
    except (AccessFileError, NoAnswerError, OSError) as error:
        raise click.ClickException(str(error)) from error


@source.command("test")
@click.argument("name", metavar="SOURCE")
@click.argument("file", type=click.File("rb"))
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="As the vendor sends; may be repeated.")
@click.option("--service", help="Whom a log speaks of where a line does not say.")
@click.option("--zone", help="Time zone of a log that tells none, e.g. Europe/Berlin.")
@click.option("--json", "is_json", is_flag=True, help="As JSON.")
def test(
    *, name: str, file: Any, headers: tuple[str, ...], service: str | None, zone: str | None, is_json: bool
) -> None:
    """Map a payload (or a log) of SOURCE in FILE (- is the input) and show what would become of it; send nothing.

    Exit status 1 when something of it is refused.
    """
    from producers.source.trial import is_readable, trial  # noqa: PLC0415 - a group's listing must not pay for it
    from producers.sources.common import Context  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415

    one = _sender(name)
    if not is_readable(one):
        raise click.UsageError(f"{name} sends contract events: `adoption emit --dry-run …` prints one")
    pairs = [header.partition(":") for header in headers]
    given = {header.strip().lower(): value.strip() for header, _, value in pairs}
    context = Context(salt=settings().actor_salt.get_secret_value().encode())
    try:
        became = trial(one, file.read(), given, context, service=service, zone=zone)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if is_json:
        click.echo(json.dumps(became.body(), indent=2, ensure_ascii=False))
    else:
        for line in became.lines():
            click.echo(line)
    if became.rejected:
        sys.exit(1)


def _sender(name: str) -> Sender:
    from producers.source.setups import UnknownSourceError, sender  # noqa: PLC0415

    try:
        return sender(name)
    except UnknownSourceError as error:
        raise click.UsageError(str(error)) from error


def _token(configured: Settings) -> str | None:
    return configured.ingest_token.get_secret_value() if configured.ingest_token else None


def _proof(one: Sender) -> str:
    return f"token ({one.scope})" if one.scope else str(one.source and one.source.scheme)


def _tally(one: Sender, came: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What came from a sender; nothing of a log: what all of them ship has one tally, which is none of theirs."""
    return came.get(one.tally, {}) if one.source or one.scope == "events" else {}


def _state(one: Sender, came: dict[str, dict[str, Any]]) -> str:
    tally = _tally(one, came)
    if not tally:
        return ""
    counts = {"accepted": tally["accepted"]} | {
        what: sum(tally[what].values()) for what in ("ignored", "dead_lettered", "refused")
    }
    said = ", ".join(f"{count:,} {what.replace('_', '-')}" for what, count in counts.items() if count)
    return said or ("nothing yet" if tally["is_configured"] else "not configured")


def _said(made: Credential | None, path: Path | None, *, write: bool) -> str:
    """Where the secret is, or what is to be done with it."""
    if made is None:
        return "Nothing is written: the secret comes from the vendor."
    if not made.is_new:
        return f"The secret is the one in {path}."
    if write:
        return f"Written to {path}: in force within a second."
    return (
        f"Nothing is written (--write does). What the access file needs beside what it has:\n{json.dumps(made.entry)}"
    )

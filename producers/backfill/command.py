"""`adoption backfill`: the command line around the backfills; imports them only when one runs."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from producers.backfill.git import Tally


@click.group()
def backfill() -> None:
    """Send what happened before anyone sent events."""


@backfill.command("git")
@click.argument("clone", type=click.Path(exists=True, path_type=Path))
@click.option("--service", required=True, help="The service that the repository (or --path of it) belongs to.")
@click.option("--release-tags", default="v*", show_default=True, help="Glob: each matching tag is a deployment.")
@click.option("--environment", default="production", show_default=True, help="Where those tags deploy to.")
@click.option("--branch", help="Branch whose steps are pushes; default: the remote's default branch.")
@click.option("--repository", help="Name as catalogs write it, github.com/acme/pay; default: from the remote.")
@click.option("--path", "paths", multiple=True, help="Glob of the service in a repository of several services.")
@click.option("--since", type=click.DateTime(), help="Send nothing older (UTC); the whole log is read all the same.")
@click.option("--dry-run", is_flag=True, help="Count what would be sent.")
def git(
    *,
    clone: Path,
    service: str,
    release_tags: str,
    environment: str,
    branch: str | None,
    repository: str | None,
    paths: tuple[str, ...],
    since: datetime | None,
    dry_run: bool,
) -> None:
    """Send a clone's history: steps of its branch as pushes, release tags as successful deployments.

    Running it again, later or on another clone of the same repository, counts nothing twice. A shallow clone has only
    part of the history: run `git fetch --unshallow` first.
    """
    from producers.backfill import git as edge  # noqa: PLC0415 - a group's listing must not pay for it
    from producers.client import IngestError, deliver  # noqa: PLC0415
    from producers.gitlog import GitError  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415

    configured = settings()
    tally = edge.Tally()
    try:
        seen = edge.survey(
            clone,
            service=service,
            branch=branch,
            repository=repository,
            environment=environment,
            paths=paths,
            release_tags=release_tags,
            salt=configured.actor_salt.get_secret_value().encode(),
        )
        found = edge.history(seen, since=since.replace(tzinfo=UTC) if since else None, tally=tally)
        if dry_run:
            for _ in found:
                pass
        else:
            deliver(found, configured)
    except (GitError, IngestError) as error:
        raise click.ClickException(str(error)) from error
    _say(tally, len(seen.tags), dry_run=dry_run)


def _say(tally: Tally, tags: int, *, dry_run: bool) -> None:
    verb = "would send" if dry_run else "sent"
    sys.stderr.write("\r")
    click.echo(
        f"{tally.commits:,} commits and {tags:,} release tags read; "
        f"{verb} {tally.pushes:,} pushes, {tally.deployments:,} deployments and the catalog's facts"
    )
    for reason, count in sorted(tally.left_out.items()):
        click.echo(f"left out: {count:,} with {reason}", err=True)

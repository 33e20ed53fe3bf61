"""The command line of `adoption emit`: options mirror the contracts, CI variables fill what is not given.

It must never fail the job it runs in: whatever goes wrong - an empty variable, a wrong option, no network - is a
warning and exit status 0, unless `--strict`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn, TextIO, TypeVar

import click

from producers.ci import CiStep, step_of
from producers.emit import events
from producers.emit.events import Json

F = TypeVar("F", bound=Callable[..., Any])
_GIT_SECONDS = 5.0
_STRICT = "adoption.strict"


class _NeverFails(click.Group):
    """A group whose commands warn where others fail, so that a job goes on; `--strict` may stand anywhere."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        strict = "--strict" in args
        try:
            ctx = super().make_context(info_name, [arg for arg in args if arg != "--strict"], parent, **extra)
        except click.ClickException as error:
            _give_up(error, strict=strict)
        ctx.meta[_STRICT] = strict
        return ctx

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the job goes on
            _give_up(error, strict=ctx.meta[_STRICT])


def _give_up(error: Exception, *, strict: bool) -> NoReturn:
    said = error.format_message() if isinstance(error, click.ClickException) else f"{type(error).__name__}: {error}"
    if strict:
        raise click.ClickException(said) from error
    click.echo(f"adoption emit: warning: nothing was sent: {said} (the job goes on; --strict fails it)", err=True)
    raise click.exceptions.Exit(0) from error


@click.group(cls=_NeverFails)
@click.option("--strict", is_flag=True, help="Fail (exit status 1) where it would only warn.")
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=5.0, show_default=True, help="Seconds to send in.")
@click.option("--dry-run", is_flag=True, help="Print the event and send nothing.")
@click.pass_context
def emit(ctx: click.Context, strict: bool, timeout: float, dry_run: bool) -> None:  # noqa: ARG001 - see make_context
    """Tell of one event from a CI step. Never fails the job: exit status 0 with a warning.

    Sends to ADOPTION_INGEST_URL with ADOPTION_INGEST_TOKEN. What the CI system says of itself (GitHub Actions, GitLab,
    Azure Pipelines, CircleCI, Buildkite, Bitbucket, Jenkins) fills commit, ref, repository, page and ids.
    """
    ctx.obj = (timeout, dry_run)


def _shared(command: F) -> F:
    """The options that every event has."""
    for option in (
        click.option("--at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="When it happened; default: now."),
        click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="May be given more than once."),
        click.option("--url", help="Page of it; default: the CI run's."),
        click.option("--repository", help="Host-qualified: github.com/acme/pay; default: the CI run's."),
        click.option("--service", help="The service it belongs to; without it the catalog decides by repository."),
    ):
        command = option(command)
    return command


@emit.command()
@_shared
@click.option("--environment", help="Where to: production, staging.")
@click.option(
    "--status",
    default="success",
    show_default=True,
    help="queued, started, success, failure, error, cancelled, skipped, inactive or rolled_back.",
)
@click.option("--version", help="What was deployed.")
@click.option("--commit", help="Its commit; default: the CI run's.")
@click.option("--ref", help="Its git ref; default: the CI run's.")
@click.option("--deployment-id", help="Default: this CI step's; else a digest of what is given here.")
@click.option("--release-id", help="What is one release over environments and regions.")
@click.option("--region")
@click.option("--tier", help="production or nonprod, where the environment's name does not tell.")
@click.option("--title")
@click.option("--started-at", help="ISO 8601 with a zone.")
@click.option("--is-rollback", is_flag=True, default=None)
@click.option("--fixes", multiple=True, metavar="INCIDENT", help="Incident that it mends; may be given more than once.")
@click.option("--deployer", help="Platform deployer used.")
@click.option(
    "--previous", "--since-ref", "previous", metavar="REV", help="Deployed before: commits REV..this are listed."
)
@click.option("--clone", default=".", type=click.Path(), help="Where git looks for --previous.")
@click.option(
    "--terraform-log",
    type=click.File(errors="replace"),
    help="What `terraform apply -json` printed (-: standard input): says status, time and error.",
)
@click.pass_context
def deployment(
    ctx: click.Context, /, previous: str | None, clone: str, terraform_log: TextIO | None, **given: Any
) -> None:
    """One status of one deployment."""
    is_at_given = given["at"] is not None
    step, at, fields = _given(given)
    if terraform_log:
        from producers.emit.terraform import applied  # noqa: PLC0415 - most deployments are none of Terraform's

        told = applied(terraform_log)
        at = at if is_at_given else told.at
        fields |= {"status": told.status, "started_at": fields.get("started_at") or told.started_at}
        fields["title"] = fields.get("title") or told.title
    if previous:
        now = fields.get("commit") or (step.commit if step else None)
        fields["commits"] = _commits(clone, previous, now)
        fields["commit"] = now or (fields["commits"] or [{}])[-1].get("sha")
    if not events.is_repeatable(fields, step):
        click.echo(
            "adoption emit: warning: each run of this command counts: give --deployment-id or --version", err=True
        )
    _send(ctx, events.deployment(fields, step, at))


@emit.command("ci-run")
@_shared
@click.option("--state", default="finished", show_default=True, help="queued, started or finished.")
@click.option("--outcome", help="success, failure, error, timed_out, cancelled, skipped or neutral, when finished.")
@click.option("--run-id", help="Default: the CI system's.")
@click.option("--attempt", type=int, help="Default: the CI system's, else 1.")
@click.option("--name", help="Workflow or pipeline; default: the CI system's.")
@click.option("--commit", help="Default: the CI run's.")
@click.option("--ref", help="Default: the CI run's.")
@click.option("--queued-at", help="ISO 8601 with a zone.")
@click.option("--started-at", help="ISO 8601 with a zone.")
@click.option("--finished-at", help="ISO 8601 with a zone; default of a finished run: now.")
@click.option("--template", help="Platform-provided pipeline template.")
@click.pass_context
def ci_run(ctx: click.Context, /, **given: Any) -> None:
    """A state of this pipeline run."""
    step, at, fields = _given(given)
    if fields["state"] == "finished":
        fields["finished_at"] = fields.get("finished_at") or at
    _send(ctx, events.ci_run(fields, step, at))


@emit.command()
@_shared
@click.option("--incident-id", required=True)
@click.option("--state", default="opened", show_default=True, help="opened, acknowledged, resolved or reopened.")
@click.option("--opened-at", help="When it began, ISO 8601 with a zone.")
@click.option("--environment")
@click.option("--severity")
@click.option("--title")
@click.option("--version", help="Version that it is blamed on.")
@click.option("--deployment-id", "deployment_ids", multiple=True, help="Deployment that it is blamed on.")
@click.option("--commit", "commits", multiple=True, help="Commit that it is blamed on.")
@click.pass_context
def incident(ctx: click.Context, /, **given: Any) -> None:
    """A state of an incident. Give --at where one incident may be resolved more than once."""
    at_given = given["at"] is not None
    step, at, fields = _given(given)
    _send(ctx, events.incident(fields, step, at, at_given=at_given))


@emit.command()
@_shared
@click.option("--ref", help="Branch that moved; default: the CI run's.")
@click.option("--before", help="Its commit before; with it the commits are listed from the clone.")
@click.option("--after", help="Its commit now; default: the CI run's.")
@click.option("--forced", is_flag=True, default=None)
@click.option("--clone", default=".", type=click.Path(), help="Where git looks for commits.")
@click.pass_context
def change(ctx: click.Context, /, clone: str, **given: Any) -> None:
    """A branch that moved (a push)."""
    step, at, fields = _given(given)
    if fields.get("before"):
        fields["commits"] = _commits(clone, fields["before"], fields.get("after") or (step.commit if step else None))
    _send(ctx, events.change(fields, step, at))


def _given(given: dict[str, Any]) -> tuple[CiStep | None, str, Json]:
    moment = given.pop("at") or datetime.now(UTC).replace(microsecond=0)
    labels = [label.partition("=") for label in given.pop("labels")]
    return step_of(os.environ), moment.isoformat(), {**given, "labels": {name: value for name, _, value in labels}}


def _commits(clone: str, previous: str, now: str | None) -> list[Json] | None:
    from producers import gitlog  # noqa: PLC0415 - most events need no git
    from producers.emit.post import target  # noqa: PLC0415

    try:
        arguments = gitlog.log_arguments(
            [f"{previous}..{now or 'HEAD'}"], options=[f"--max-count={events.COMMITS + 1}"]
        )
        log = list(gitlog.parse([gitlog.output_bytes(*arguments, clone=clone, seconds=_GIT_SECONDS)]))
    except gitlog.GitError as error:
        click.echo(f"adoption emit: warning: sent without its commits: {error}", err=True)
        return None
    if len(log) > events.COMMITS:
        click.echo(f"adoption emit: warning: sent without its commits: more than {events.COMMITS:,}", err=True)
        return None
    return events.commits_of(log, target().salt)


def _send(ctx: click.Context, event: Json) -> None:
    timeout, dry_run = ctx.obj
    if dry_run:
        import json  # noqa: PLC0415

        click.echo(json.dumps(event, indent=2, ensure_ascii=False))
        return
    from producers.emit.post import send, target  # noqa: PLC0415

    receipt = send(event, target(), timeout)
    click.echo(f"adoption emit: {event['type']} {event['id']} taken, receipt {receipt.get('receipt', '-')}")

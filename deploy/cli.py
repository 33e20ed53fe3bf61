"""`adoption`: one command; each sub-command lives in the package it belongs to and is imported when it is called.

`adoption emit` runs in every CI job, so nothing heavy is imported to find it.
"""

from __future__ import annotations

import importlib
from typing import Final

import click

from deploy.local import lifeline

MODULES: Final[dict[str, str]] = {
    "up": "deploy.local.cli",
    "demo": "deploy.local.demo.command",
    "kafka": "deploy.kafka.cli",
    "dead-letters": "deploy.dead_letters",
    "ingest": "producers.http.command",
    "tail": "producers.cli",
    "bridge": "producers.cli",
    "emit": "producers.cli",
    "source": "producers.cli",
    "watch": "producers.cli",
    "export": "producers.cli",
    "backfill": "producers.cli",
    "catalog": "producers.cli",
    "costs": "producers.cli",
    "worker": "stream_processors.cli",
    "migrate": "stream_processors.cli",
    "rebuild": "deploy.rebuild",
    "report": "reports.cli",
    "explain": "reports.explain_command",
    "config": "reports.cli",
}
"""Sub-command → module that has it in `COMMANDS`, or under its own name."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(MODULES)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        module = MODULES.get(name)
        if module is None:
            return None
        loaded = importlib.import_module(module)
        commands: list[click.Command] = getattr(loaded, "COMMANDS", None) or [getattr(loaded, name.replace("-", "_"))]
        return next(command for command in commands if command.name == name)


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="platform-adoption-tracker")
def main() -> None:
    """Who adopts what, how fast a new service reaches production, how quickly and safely changes flow."""
    lifeline.watch()


if __name__ == "__main__":
    main()

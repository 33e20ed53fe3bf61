"""One console command: whatever a package offers is in its listing, in words of its own."""

from __future__ import annotations

import importlib

import click
from click.testing import CliRunner

from deploy import cli


def test_every_command_that_a_package_offers_can_be_typed() -> None:
    for module in sorted(set(cli.MODULES.values())):
        offered = getattr(importlib.import_module(module), "COMMANDS", [])
        missing = {command.name for command in offered} - cli.MODULES.keys()
        assert not missing, f"{module}: add them to deploy/cli.py"


def test_every_command_says_what_it_is_for() -> None:
    listed = next(value for value in vars(cli).values() if isinstance(value, click.Group))
    for name in cli.MODULES:
        found = CliRunner().invoke(listed, [name, "--help"])
        assert found.exit_code == 0, name
        assert f"{name} " in found.output

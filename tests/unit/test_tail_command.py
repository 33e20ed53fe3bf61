"""`adoption tail`'s options: what it says before it reads a line."""

import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from producers.sources.lines import FORMATS
from producers.tail.command import tail


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("ADOPTION_DATA_DIR", str(tmp_path / "data"))
    log = tmp_path / "access.log"
    log.write_bytes(b"")

    def running(*options):
        return CliRunner().invoke(tail, ["--once", *options, str(log)])

    return running


def test_help_names_every_format():
    said = CliRunner().invoke(tail, ["--help"], terminal_width=200).output
    assert f"[{'|'.join(FORMATS)}]" in said
    told = set(re.findall(r"[\w-]+", said[said.index("Formats of JSON") : said.index("Options:")]))
    assert set(FORMATS) <= told


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "haproxy"], "expected --zone, the time zone of the machine that wrote the log"),
        (["--format", "haproxy", "--zone", "CEST"], "expected a --zone like Europe/Berlin or UTC, got 'CEST'"),
        (["--format", "traefik", "--zone", "UTC"], "expected no --zone: traefik logs the zone with the time"),
        (["--format", "apache"], "'apache' is not one of"),
    ],
)
def test_what_cannot_be_meant_is_refused(run, options, said):
    refused = run(*options)
    assert refused.exit_code == 2
    assert said in " ".join(refused.output.split())


def test_the_command_lines_listing_loads_no_format():
    heavy = {"polars", "pyarrow", "msgspec"}
    code = f"import sys, producers.tail.command; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

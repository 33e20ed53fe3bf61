"""Which server runs on a data folder, seen from another process, and how to stop it.

`server.py` holds its own process; a command line that started Kafka in one terminal and stops it in another
has only the folder. Kafka locks `data/.lock` while it lives, so a process id left over from a crash, or used
again by somebody else, is never mistaken for a server.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from pathlib import Path
from typing import Final

from deploy.kafka.errors import KafkaServerError

STOP_SECONDS: Final = 30.0
"""Allowed between SIGTERM and the end of the process; it takes 1 to 2 s."""
POLL_SECONDS: Final = 0.05


def pid_file(data_dir: Path) -> Path:
    """The file that holds the process id of the server on `data_dir`."""
    return data_dir / "kafka.pid"


def running_pid(data_dir: Path) -> int | None:
    """The process id of the server that runs on `data_dir`; None if none does.

    Raises:
        KafkaServerError: one runs, and was not started by `KafkaServer`: its process id is unknown.
    """
    try:
        lock = (data_dir / "data" / ".lock").open("r+b")
    except FileNotFoundError:
        return None
    with lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            return None
    try:
        return int(pid_file(data_dir).read_text())
    except (FileNotFoundError, ValueError) as error:
        raise KafkaServerError(
            f"a Kafka server runs on {data_dir} and {pid_file(data_dir)} does not say which process: stop it yourself"
        ) from error


def stop_server(data_dir: Path) -> bool:
    """Stop the server that another process started on `data_dir`; False if none runs.

    Raises:
        KafkaServerError: it did not end within `STOP_SECONDS`; it is left alone then.
    """
    data_dir = data_dir.resolve()
    if (pid := running_pid(data_dir)) is None:
        return False
    os.kill(pid, signal.SIGCONT)  # a paused process would not see SIGTERM
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if running_pid(data_dir) is None:
            pid_file(data_dir).unlink(missing_ok=True)
            return True
        time.sleep(POLL_SECONDS)
    raise KafkaServerError(f"Kafka (process {pid}) did not end within {STOP_SECONDS:g} s of SIGTERM: look at it")

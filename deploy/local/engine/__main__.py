"""``python -m deploy.local.engine``: owns a data folder and serves it on loopback until it is told to stop."""

import os
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType

import click
import uvicorn

from deploy.local.engine.config import Limits, write_config
from deploy.local.engine.connection import Engine
from deploy.local.engine.credentials import load_or_create
from deploy.local.engine.errors import EngineError
from deploy.local.engine.execute import Executor
from deploy.local.engine.server import Server


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ends in time whatever runs: a statement cannot be interrupted, and acknowledged rows are safe already."""
        deadline = threading.Timer(Limits.stop_seconds + 1, os._exit, (0,))
        deadline.daemon = True
        deadline.start()
        super().handle_exit(sig, frame)


_ONE_PATH = click.Path(path_type=Path, dir_okay=False)


@click.command(help=__doc__)
@click.option("--path", type=click.Path(path_type=Path, file_okay=False), required=True, help="The data folder.")
@click.option("--port", type=int, default=0, show_default=True, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--port-file", type=_ONE_PATH, help="Where to write the port once it answers.")
@click.option("--credentials-file", type=_ONE_PATH, required=True, help="Made at the first start, mode 0600.")
@click.option("--reader-seconds", type=int, default=Limits.reader_seconds, show_default=True)
@click.option("--reader-memory", type=int, default=Limits.reader_memory, show_default=True, help="Bytes.")
@click.option("--until-stdin-closes", is_flag=True, help="Stop when the process that started this one is gone.")
def main(
    path: Path,
    port: int,
    port_file: Path | None,
    credentials_file: Path,
    *,
    reader_seconds: int,
    reader_memory: int,
    until_stdin_closes: bool,
) -> None:
    """Opens the engine, serves until SIGTERM or SIGINT, closes it."""
    limits = Limits(reader_seconds=reader_seconds, reader_memory=reader_memory)
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    credentials = load_or_create(credentials_file)
    listener = _listen(port)
    try:
        engine = Engine(path / "clickhouse", write_config(path))
        server = Server(Executor(engine, limits), credentials, limits)
    except EngineError as error:
        raise click.ClickException(
            f"cannot open the data folder {path}: {error.message}. Does another engine run on it?"
        ) from error
    http = _Server(
        uvicorn.Config(
            server.app,
            access_log=False,
            log_level="warning",
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=limits.stop_seconds,
            # Longer than any client keeps an idle connection: a client that reuses one we just closed loses an insert.
            timeout_keep_alive=3600,
        )
    )
    # Before it serves and after it has served; in between uvicorn takes the signals over for the same handler.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, http.handle_exit)
    if until_stdin_closes:
        threading.Thread(target=_follow_stdin, daemon=True).start()
    if port_file is not None:
        _announce(port_file, listener.getsockname()[1])
    http.run(sockets=[listener])
    engine.close()


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where the protocol is named (socket.create_server does not): with it on,
    # every answer waits 40 ms for the caller's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise click.ClickException(
            f"expected port {port} to be free for ClickHouse's HTTP interface, got {error.strerror}: end what uses it, "
            "or choose another (adoption up --clickhouse-port; 0: a free one)"
        ) from error
    listener.listen(128)
    return listener


def _follow_stdin() -> None:
    # The bare descriptor: a thread inside Python's buffered reader aborts the interpreter when it ends.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _announce(file: Path, port: int) -> None:
    # The socket accepts from its creation on, so the port is good as soon as it is written.
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(f"{port}\n", encoding="utf-8")
    draft.replace(file)


if __name__ == "__main__":
    main()

"""``python -m deploy.local.engine``: owns a data folder and serves it on loopback until it is told to stop."""

import os
import signal
import socket
import threading
from pathlib import Path

import click
import uvicorn

from deploy.local.engine.config import Limits, write_config
from deploy.local.engine.connection import Engine
from deploy.local.engine.credentials import load_or_create
from deploy.local.engine.errors import EngineError
from deploy.local.engine.execute import Executor
from deploy.local.engine.server import Server


@click.command(help=__doc__)
@click.option("--path", type=click.Path(path_type=Path, file_okay=False), required=True, help="The data folder.")
@click.option("--port", type=int, default=0, show_default=True, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--port-file", type=click.Path(path_type=Path), help="Where to write the port once it answers.")
@click.option("--credentials-file", type=click.Path(path_type=Path), required=True, help="Made at the first start.")
def main(path: Path, port: int, port_file: Path | None, credentials_file: Path) -> None:
    """Opens the engine, serves until SIGTERM or SIGINT, closes it."""
    limits = Limits()
    path.mkdir(parents=True, exist_ok=True)
    credentials = load_or_create(credentials_file)
    listener = socket.create_server(("127.0.0.1", port))
    try:
        engine = Engine(path / "clickhouse", write_config(path))
    except EngineError as error:
        raise click.ClickException(
            f"cannot open the data folder {path}: {error.message} Is another engine running on it?"
        ) from error
    server = Server(Executor(engine, limits), credentials, limits)
    http = uvicorn.Server(
        uvicorn.Config(
            server.app,
            access_log=False,
            log_level="warning",
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=limits.stop_seconds,
            timeout_keep_alive=60,
        )
    )
    if port_file is not None:
        _write_when_listening(port_file, listener.getsockname()[1])
    # uvicorn stops on these signals and then raises them again, at the handlers it found.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(http, "should_exit", True))
    http.run(sockets=[listener])
    server.close()
    _close(engine)


def _write_when_listening(file: Path, port: int) -> None:
    # The socket accepts from its creation on, so the port is good as soon as it is written.
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(f"{port}\n", encoding="utf-8")
    draft.replace(file)


def _close(engine: Engine) -> None:
    """Closes the engine, or leaves after a second what a statement keeps busy: acknowledged rows are safe."""
    closing = threading.Thread(target=engine.close, daemon=True)
    closing.start()
    closing.join(1)
    os._exit(0)


if __name__ == "__main__":
    main()

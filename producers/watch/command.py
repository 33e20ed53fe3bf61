"""`adoption watch`: the command line around the watchers; imports them only when one runs."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from producers.watch.watcher import Watcher
    from schemas.envelope import Event

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@click.group()
def watch() -> None:
    """Read deployments off a system that sends no webhook."""


@watch.command("kubernetes")
@click.option(
    "--server", help="API server; default: the cluster this pod runs in. `kubectl proxy`: http://127.0.0.1:8001"
)
@click.option("--token-file", type=click.Path(path_type=Path), help="Bearer token; default: this pod's account.")
@click.option("--ca-file", type=click.Path(path_type=Path), help="Certificates that the server's is checked with.")
@click.option("--namespace", help="Only this one; default: all.")
@click.option(
    "--selector", help="Only objects with these labels, as kubectl takes them: 'team=pay,!argocd.argoproj.io/instance'."
)
@click.option("--cluster", help="The cluster's name on events: the region of its deployments.")
@click.option("--state", type=click.Path(path_type=Path), help="Folder of the state; default: <data dir>/watch.")
@click.option("--once", is_flag=True, help="Tell of every Deployment as it is now, and end.")
def kubernetes(
    *,
    server: str | None,
    token_file: Path | None,
    ca_file: Path | None,
    namespace: str | None,
    selector: str | None,
    cluster: str | None,
    state: Path | None,
    once: bool,
) -> None:
    """Tell of Kubernetes Deployments that have rolled out, or failed to.

    The account needs the verbs list and watch on deployments.apps. Events have the ids that the webhook's have: both
    may run, and a state that is lost costs nothing but a list. What Argo CD, Flux or a pipeline tells of is told here
    again, as another deployment: leave it out by --selector, or let only one of them tell.
    """
    from functools import partial  # noqa: PLC0415 - the command line's listing must not pay for any of these

    from producers.client import IngestClient, IngestError  # noqa: PLC0415
    from producers.posts import posts  # noqa: PLC0415
    from producers.sources.common import Context  # noqa: PLC0415
    from producers.watch.api import Api, GoneError, LostError, RefusedError  # noqa: PLC0415
    from producers.watch.place import Place  # noqa: PLC0415
    from producers.watch.watcher import Watcher, collection  # noqa: PLC0415
    from schemas.settings import data_dir, settings  # noqa: PLC0415

    configured = settings()
    address = server or _own_server()
    path = collection(namespace)
    token = configured.ingest_token.get_secret_value() if configured.ingest_token else None
    client = IngestClient(configured.ingest_url, token, patience=600 if once else float("inf"))

    def send(events: Sequence[Event]) -> None:
        for post in posts(events):
            client.events(post)

    signal.signal(signal.SIGTERM, _stop)
    with Api(address, partial(_token, token_file, server), _checked_with(ca_file, server), selector) as api, client:
        watcher = Watcher(
            api,
            path,
            Place(state or data_dir() / "watch", address, f"{path}?{selector}" if selector else path),
            send=send,
            context=Context(salt=configured.actor_salt.get_secret_value().encode()),
            cluster=cluster,
            pause=time.sleep,
        )
        try:
            watcher.list_once() if once else watcher.run()
        except (RefusedError, GoneError, LostError, IngestError) as error:
            raise click.ClickException(f"{address}: {error}") from error
        finally:
            _say(watcher)


def _own_server() -> str:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise click.UsageError("expected --server outside a cluster, e.g. the address that `kubectl proxy` prints")
    return f"https://{f'[{host}]' if ':' in host else host}:{port}"


def _token(file: Path | None, server: str | None) -> str | None:
    """The token as it stands now; a pod's own account goes to the pod's own server only."""
    path = file or (None if server else _ACCOUNT / "token")
    try:
        return path.read_text().strip() if path else None
    except OSError as error:
        raise click.ClickException(f"expected a token in {path}, got {error.strerror}") from error


def _checked_with(file: Path | None, server: str | None) -> ssl.SSLContext | bool:
    import ssl  # noqa: PLC0415

    path = file or (None if server else _ACCOUNT / "ca.crt")
    try:
        return ssl.create_default_context(cafile=path) if path else True
    except OSError as error:
        raise click.ClickException(f"expected certificates in {path}, got {error}") from error


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a handler's shape
    sys.exit(0)


def _say(watcher: Watcher) -> None:
    click.echo(f"{watcher.sent:,} events sent", err=True)
    for reason, count in sorted(watcher.left_out.items()):
        click.echo(f"left out: {count:,}, {reason}", err=True)

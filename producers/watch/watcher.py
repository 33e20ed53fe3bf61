"""The loop of a watcher: list once, then follow changes, and come back to the same place after whatever happens.

A place (resource version) is kept only after the events of everything before it were accepted: a crash, a lost
connection or an ingest service that is away repeats changes and loses none. Where the server has forgotten the place,
the collection is listed again: rollouts that ended before, and were followed by another meanwhile, are then not seen. A
bookmark moves the place without a change, so that a quiet namespace of a busy cluster does not fall behind.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from producers.sources.common import Context, Mapped, Rejected
from producers.sources.kubernetes.mapper import watched
from producers.sources.payload import Fields
from producers.watch.api import Api, GoneError, LostError
from producers.watch.place import Place
from schemas.envelope import Event

log = logging.getLogger(__name__)

DEPLOYMENTS = "deployments"
_LONGEST_PAUSE = 30.0


def collection(namespace: str | None) -> str:
    """Path of the Deployments of a namespace, or of all."""
    return f"/apis/apps/v1/namespaces/{namespace}/{DEPLOYMENTS}" if namespace else f"/apis/apps/v1/{DEPLOYMENTS}"


class Watcher:
    """Follows the Deployments at one path.

    Args:
        api: the cluster.
        path: collection.
        place: where it was.
        send: delivers events and returns when they are accepted.
        context: a mapper's.
        cluster: the cluster's name on events.
        pause: waits so many seconds.
    """

    def __init__(
        self,
        api: Api,
        path: str,
        place: Place,
        *,
        send: Callable[[Sequence[Event]], object],
        context: Context,
        cluster: str | None,
        pause: Callable[[float], object],
    ) -> None:
        self._api, self._path, self._place = api, path, place
        self._send, self._context, self._cluster, self._pause = send, context, cluster, pause
        self.sent = 0
        self.left_out: Counter[str] = Counter()

    def list_once(self) -> None:
        """Tell of every Deployment as it is now.

        Raises:
            GoneError, LostError, RefusedError: as the API's.
        """
        version = None
        for items, listed in self._api.pages(self._path):
            self._tell({"type": "ADDED", "object": {"kind": "Deployment", **item}} for item in items)
            version = listed
        self._place.save(version or None)

    def follow(self) -> int:
        """Tell of every change from the last place on, until the server ends the stream; gives their number.

        Raises:
            GoneError, LostError, RefusedError: as the API's.
        """
        version, number = self._place.load(), 0
        try:
            for change in self._api.changes(self._path, version or ""):
                number += 1
                if change.get("type") != "BOOKMARK":
                    self._tell([change])
                version = _version_of(change) or version
        finally:
            self._place.save(version)
        return number

    def run(self) -> None:
        """List, then follow for ever; only what the server refuses, or the ingest service does, ends it."""
        failures = 0
        while True:
            try:
                if self._place.load() is None:
                    self.list_once()
                failures = 0 if self.follow() else 1
            except GoneError as error:
                log.info("listing anew: %s", error)
                self._place.save(None)
                failures += 1
            except LostError as error:
                log.info("going on after a lost connection: %s", error)
                failures += 1
            if failures:
                self._pause(min(2.0 ** (failures - 2), _LONGEST_PAUSE))

    def _tell(self, changes: Iterable[dict[str, Any]]) -> None:
        events: list[Event] = []
        for change in changes:
            mapped = self._mapped(change)
            events += mapped.events
            self.left_out.update(mapped.ignored)
        if events:
            self._send(events)
            self.sent += len(events)

    def _mapped(self, change: dict[str, Any]) -> Mapped:
        try:
            return watched(Fields(change), self._context, self._cluster)
        except Rejected as rejected:
            log.warning("an object that cannot be read was passed over: %s", rejected)
            return Mapped(ignored=(f"rejected:{rejected.reason}",))


def _version_of(change: dict[str, Any]) -> str | None:
    it = change.get("object")
    meta = it.get("metadata") if isinstance(it, dict) else None
    version = meta.get("resourceVersion") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else None

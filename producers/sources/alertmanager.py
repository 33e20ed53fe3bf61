"""Prometheus Alertmanager's webhook to incidents: one story per alert, `opened` and, once it ended, `resolved`.

`alerts.py` says how. What an alert is about is what its labels say, by these names: `service`, `environment` or `env`,
`severity`, `version`, `deployment_id`, `commit`. Other labels are kept as evidence; `job`, `namespace` and the like
name no service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producers.sources.alerts import incidents_of
from producers.sources.common import Context, Mapped
from producers.sources.evidence import Vendor, maybe_host, word
from producers.sources.payload import Fields

VENDOR = Vendor("alertmanager", revision=1)


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """Incidents of one Alertmanager webhook, in the order of its alerts.

    An alert said to be resolved without an end gives its opening alone: an end is not invented.

    Raises:
        Rejected: what is missing or malformed; one bad alert refuses the whole body.
    """
    body = Fields(payload)
    name = maybe_host(body.maybe_text("externalURL")) or word(body, "receiver")
    return incidents_of(VENDOR, body, f"//alertmanager/{name}" if name else "//alertmanager")

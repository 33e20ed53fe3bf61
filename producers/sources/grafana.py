"""Grafana alerting's webhook contact point to incidents: its alerts have Alertmanager's form, see `alerts.py`.

- The labels that say what an alert is about are Alertmanager's: `service`, `environment` and so on.
- Fingerprints are digests of labels: they are unique within a Grafana (the host of `externalURL`) and an organization.
- `DatasourceNoData` and `DatasourceError` tell that a rule could not be evaluated, and `TestAlert` of Grafana that
  somebody tried the contact point: none is an incident of a service.
- Legacy alerting (Grafana before 9) sends a rule's state without a time and without its alerts: it is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producers.sources.alerts import incidents_of
from producers.sources.common import Context, Mapped
from producers.sources.evidence import Vendor, maybe_host, word
from producers.sources.forge import left_out
from producers.sources.payload import Fields

VENDOR = Vendor("grafana", revision=1)

_UNEVALUATED = {"DatasourceNoData": "no_data", "DatasourceError": "evaluation_error"}


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """Incidents of one Grafana webhook, in the order of its alerts.

    Raises:
        Rejected: what is missing or malformed; one bad alert refuses the whole body.
    """
    body = Fields(payload)
    if "alerts" not in body and ("ruleName" in body or "ruleId" in body):
        return left_out(VENDOR, "legacy_alerting")
    host = maybe_host(body.maybe_text("externalURL")) or word(body, "receiver") or "grafana"
    organization = body.maybe_integer("orgId")
    return incidents_of(
        VENDOR,
        body,
        f"//grafana/{host}" if organization is None else f"//grafana/{host}/{organization}",
        whose=(host, str(organization)),
        skipped=_skipped,
    )


def _skipped(labels: dict[str, str]) -> str:
    """Why an alert with these labels is no incident; empty where it is one."""
    name = labels.get("alertname", "")
    if name == "TestAlert" and labels.get("instance") == "Grafana":
        return "test"
    return _UNEVALUATED.get(name, "")

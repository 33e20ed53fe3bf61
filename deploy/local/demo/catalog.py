"""What the company's catalog says, as files: Backstage descriptors of today, and a CSV of what they cannot say.

Descriptors carry no dates: they say how it is now. The CSV holds the past (who owned what before, when teams were made,
renamed and merged), the callers at the gateways, and goals.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from deploy.local.demo import bills
from deploy.local.demo.adoption import consumers, team_spans
from deploy.local.demo.gateway import EDGE
from deploy.local.demo.organisation import (
    BEFORE,
    COMPANY,
    MERGED,
    NOW,
    PLATFORM,
    PLATFORM_TEAMS,
    RENAMED,
    SERVICES,
    TEAMS,
    TEMPLATE,
    Capability,
    Service,
)
from deploy.local.demo.year import Year

Row = dict[str, str]
GOLDEN = "service-golden-path"
OBJECTIVES = ("storefront-web", "checkout-api", "basket-api")
"""Product services that promise something, too."""


@dataclass(frozen=True)
class Document:
    """One file of the catalog."""

    name: str
    text: str


def documents(seed: int, year: Year) -> tuple[Document, ...]:
    """All files: teams and services as Backstage describes them, platform services likewise, and the CSV."""
    platform = [_platform(capability, year) for capability in PLATFORM]
    return (
        Document("catalog/teams.yaml", _yaml([_team(team.name) for team in TEAMS if team.dissolved is None])),
        Document("catalog/services.yaml", _yaml([_service(service, year, seed) for service in SERVICES])),
        Document("catalog/platform.yaml", _yaml(platform)),
        Document("catalog/history.csv", _csv([*_history(year), *_callers(year), *_goals(year), *bills.namespaces()])),
    )


def _yaml(entities: list[dict[str, Any]]) -> str:
    return yaml.safe_dump_all(entities, sort_keys=False, explicit_start=True)


def _entity(kind: str, name: str, annotations: dict[str, str], spec: dict[str, Any]) -> dict[str, Any]:
    title = name.replace("-", " ").capitalize()
    metadata: dict[str, Any] = {"name": name, "title": title}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def _team(name: str) -> dict[str, Any]:
    return _entity("Group", name, {}, {"type": "team", "children": []})


def _day(year: Year, day: float) -> str:
    return year.moment(day).date().isoformat()


def _service(service: Service, year: Year, seed: int) -> dict[str, Any]:
    annotations = {
        "github.com/project-slug": f"{COMPANY}/{service.name}",
        "adoption/onboarded": year.moment(service.onboarded).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if service.golden:
        annotations["backstage.io/source-template"] = f"template:default/{GOLDEN}"
    if service.archived is not None:
        annotations["adoption/archived"] = _day(year, service.archived)
    used = [
        capability.service.name
        for capability in PLATFORM
        if capability.gateway is not None and service.team in team_spans(seed, capability)
    ]
    spec: dict[str, Any] = {
        "type": "service",
        "lifecycle": "deprecated" if service.archived is not None else "production",
        "owner": service.owner(NOW),
        "system": "shop",
    }
    return _entity("Component", service.name, annotations, spec | ({"consumesApis": used} if used else {}))


def _platform(capability: Capability, year: Year) -> dict[str, Any]:
    name = capability.service.name
    annotations = {
        "github.com/project-slug": f"{COMPANY}/{name}",
        "adoption/onboarded": _day(year, capability.service.onboarded),
        "adoption/platform": "true",
        "adoption/capability": capability.capability,
        "adoption/grain": capability.grain,
    }
    if capability.capability == "ci":
        annotations["adoption/aliases"] = TEMPLATE
    spec = {"type": "service", "lifecycle": "production", "owner": capability.service.team, "system": "platform"}
    return _entity("Component", name, annotations, spec)


def _history(year: Year) -> Iterator[Row]:
    """Teams with their dates and lineage; who owned what before today's owner."""
    for team in TEAMS:
        row = {"kind": "team", "team": team.name}
        if team.created > BEFORE:
            row["created_at"] = _day(year, team.created)
        if team.dissolved is not None:
            row["dissolved_at"] = _day(year, team.dissolved)
        if team.lineage is not None:
            row |= {"lineage": team.lineage, "predecessors": ";".join(team.predecessors)}
        if len(row) > 2:  # noqa: PLR2004 - more than its name
            yield row
    yield {"kind": "team", "team": MERGED[1], "lineage": "merged", "predecessors": MERGED[0]}
    for service in SERVICES:
        owners = [(service.onboarded, service.team), *service.later_owners]
        if len(owners) > 1:
            for since, owner in owners:
                yield _ownership(year, "service", service.name, since, owner)


def _ownership(year: Year, entity: str, name: str, since: float, team: str) -> Row:
    return {"kind": "ownership", "entity": entity, "name": name, "team": team, "valid_from": _day(year, since)}


def _callers(year: Year) -> Iterator[Row]:
    """Caller identities: which service each is, else which team's; and the one that is no use of ours."""
    for consumer in consumers():
        yield {"kind": "consumer", "consumer": consumer.name} | (
            {"service": consumer.service} if consumer.service else {}
        )
        if consumer.service is None:
            for since, team in consumer.owners:
                yield _ownership(year, "consumer", consumer.name, since, team)
    yield {"kind": "consumer", "consumer": EDGE}
    yield _ownership(year, "consumer", EDGE, BEFORE, PLATFORM_TEAMS[1])


def _goals(year: Year) -> Iterator[Row]:
    """Objectives, targets and what is worth a mark on a trend."""
    promised = [capability.service.name for capability in PLATFORM if capability.gateway is not None]
    for name in promised:
        # What is undated holds from the day it is read: sign-in was promised more in the second half of the year.
        dated = {"valid_from": _day(year, BEFORE)} if name == "auth" else {}
        yield {"kind": "slo", "service": name, "objective": "0.995", **dated}
    yield {"kind": "slo", "service": "auth", "objective": "0.998", "valid_from": _day(year, 180)}
    for name in OBJECTIVES:
        yield {"kind": "slo", "service": name, "objective": "0.99", "window_days": "28"}
    due = year.moment(NOW + 90).date().isoformat()
    yield {"kind": "target", "metric": "adoption_rate", "scope": "service:notifications", "value": "0.9", "due": due}
    marks = (
        ("launch", "service:notifications", "Notifications are open to all teams", 28.0),
        ("launch", "service:feature-flags", "Feature flags are open to all teams", 72.0),
        ("reorganisation", f"team:{RENAMED[1]}", f"{RENAMED[0]} is now {RENAMED[1]}", RENAMED[2]),
        ("reorganisation", f"team:{MERGED[1]}", f"{MERGED[0]} joins {MERGED[1]}", MERGED[2]),
    )
    for category, scope, text, day in marks:
        yield {"kind": "annotation", "category": category, "scope": scope, "text": text, "at": _day(year, day)}


def _csv(rows: list[Row]) -> str:
    columns = ["kind", *sorted({name for row in rows for name in row} - {"kind"})]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()

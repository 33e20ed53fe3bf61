"""The catalog stream's contracts: dated facts about services, teams, repositories, consumers and goals.

A fact says that something holds from `valid_from` (when declared) or else from the event's time (when observed).
The first known value of an attribute holds back to the beginning (METRICS 0.9); `removed` closes the interval.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt, StringConstraints

from schemas.base import Contract, Instant, Name, Text

Glob = Annotated[str, StringConstraints(min_length=1, max_length=500)]
"""A path pattern inside a repository: `services/pay/**`."""

ResourceId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
"""As bills name it: ARN, Azure resource id, `cluster/namespace`, account."""

Grain = Literal["day", "week", "month", "quarter"]


class Fact(Contract):
    """What every catalog fact carries."""

    valid_from: Instant | None = Field(default=None, description="Declared start; None: observed at the event's time")
    removed: bool = Field(default=False, description="True closes the interval of this fact")
    declared_in: Text | None = Field(default=None, description="File or address it was read from")


class Service(Fact):
    """A service as the catalog knows it; a platform service has `is_platform`."""

    kind: Literal["service"] = "service"
    service: Name
    title: Text | None = None
    onboarded_at: Instant | None = Field(default=None, description="Created, or declared start of the service")
    archived_at: Instant | None = None
    template: Name | None = Field(default=None, description="Golden path it was made from")
    system: Name | None = None
    lifecycle: Name | None = None
    is_platform: bool | None = Field(default=None, description="None: this fact says nothing about it")
    capability: Literal["api", "ci", "deployment"] | None = None
    natural_grain: Grain | None = None
    active_min: PositiveInt | None = Field(default=None, description="ok requests that make a consumer active")
    aliases: tuple[Name, ...] = Field(default=(), description="Other names: gateway service, workload")


class Team(Fact):
    """A team, its parent and where it came from."""

    kind: Literal["team"] = "team"
    team: Name
    title: Text | None = None
    parent: Name | None = None
    created_at: Instant | None = None
    dissolved_at: Instant | None = None
    lineage: Literal["renamed", "split", "merged"] | None = None
    predecessors: tuple[Name, ...] = ()


class Mapping(Fact):
    """A repository, or some paths of it, belongs to a service."""

    kind: Literal["mapping"] = "mapping"
    repository: Name = Field(description="Host-qualified name in lower case, or provider-qualified id")
    paths: tuple[Glob, ...] = Field(default=(), description="Empty: the whole repository")
    service: Name


class Resource(Fact):
    """A cloud resource, what lies below a path (namespace, resource group) or a sub account belongs to a service."""

    kind: Literal["resource"] = "resource"
    resource: ResourceId = Field(description="Id or path; what lies below it belongs too, unless it is named itself")
    service: Name


class Ownership(Fact):
    """A service or a consumer belongs to a team."""

    kind: Literal["ownership"] = "ownership"
    entity: Literal["service", "consumer"] = "service"
    name: Name = Field(description="The service's or consumer's name")
    team: Name
    valid_to: Instant | None = None


class Consumer(Fact):
    """A caller identity at the gateway: which service it is, and whether it is synthetic (probes, health checks)."""

    kind: Literal["consumer"] = "consumer"
    consumer: Name
    service: Name | None = None
    is_synthetic: bool = False


class Grant(Fact):
    """A team's dated relation to a platform service: access, onboarding, eligibility, a declared alternative."""

    kind: Literal["grant"] = "grant"
    team: Name
    service: Name
    relation: Literal["granted", "onboarded", "eligible", "opted_out", "alternative"]


class Slo(Fact):
    """An availability objective of a service over a rolling window."""

    kind: Literal["slo"] = "slo"
    service: Name
    objective: Annotated[float, Field(gt=0, lt=1)]
    window_days: PositiveInt = 30
    counts_limited: bool = Field(default=False, description="The gateway's own 429 counts against the objective")


class Target(Fact):
    """A goal: a metric, its scope, the value to reach, until when."""

    kind: Literal["target"] = "target"
    metric: Name
    scope: Name = Field(description="organisation, team:NAME or service:NAME")
    value: NonNegativeFloat
    due: Instant


class Annotation(Fact):
    """Something worth a mark on a trend: launch, freeze, price change."""

    kind: Literal["annotation"] = "annotation"
    scope: Name = Field(description="organisation, team:NAME or service:NAME")
    category: Name
    text: Text
    at: Instant
    until: Instant | None = None


class Observation(Fact):
    """Since when the events of a source are seen; what began before is not timed, as its first steps were missed."""

    kind: Literal["observation"] = "observation"
    source: Name = Field(description="CloudEvents source, e.g. //github.com; * is every source without its own")
    observed_since: Instant


Catalog = Annotated[
    Service | Team | Mapping | Resource | Ownership | Consumer | Grant | Slo | Target | Annotation | Observation,
    Field(discriminator="kind"),
]

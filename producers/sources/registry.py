"""THE registry of sources: name -> address, authenticity, mapper.

The ingest service asks here which webhooks and gateway feeds exist. Adding a source: a mapper, its examples, one row.
"""

from __future__ import annotations

from pathlib import Path

from producers.sources import (
    alertmanager,
    apisix,
    argo_rollouts,
    aws_api_gateway,
    buildkite,
    cdevents,
    circleci,
    flux,
    google_load_balancer,
    grafana,
    grafana_oncall,
    gravitee,
    incident_io,
    jenkins,
    jira,
    kong,
    krakend,
    opsgenie,
    otlp,
    otlp_cicd,
    pagerduty,
    spinnaker,
    statuspage,
    tekton,
    terraform,
    tyk,
)
from producers.sources.argocd import mapper as argocd
from producers.sources.aws import mapper as aws
from producers.sources.azure_devops import mapper as azure_devops
from producers.sources.bitbucket import mapper as bitbucket
from producers.sources.bitbucket_server import mapper as bitbucket_server
from producers.sources.common import EventMapper, GatewayMapper
from producers.sources.generic import mapper as generic
from producers.sources.gitea import mapper as gitea
from producers.sources.github import mapper as github
from producers.sources.gitlab import mapper as gitlab
from producers.sources.kubernetes import mapper as kubernetes
from producers.sources.lines import FORMATS, record_mapper, request_id
from producers.sources.source import RequestId, Scheme, Source

__all__ = ["MIB", "SOURCES", "Scheme", "Source", "source_of_type", "with_generic"]

MIB = 1024 * 1024

_PLAIN: tuple[tuple[str, Scheme, int, EventMapper], ...] = (
    ("gitlab", "gitlab", 25 * MIB, gitlab.map_payload),
    ("bitbucket-server", "bitbucket-hmac", 25 * MIB, bitbucket_server.map_payload),
    ("azure-devops", "token", 8 * MIB, azure_devops.map_payload),
    ("argocd", "token", 2 * MIB, argocd.map_payload),
    ("argo-rollouts", "token", 2 * MIB, argo_rollouts.map_payload),
    ("flux", "flux-hmac", MIB, flux.map_payload),
    ("kubernetes", "token", 4 * MIB, kubernetes.map_payload),
    ("terraform", "tfe-hmac", MIB, terraform.map_payload),
    ("spinnaker", "token", 8 * MIB, spinnaker.map_payload),
    ("jenkins", "token", 4 * MIB, jenkins.map_payload),
    ("circleci", "circleci", MIB, circleci.map_payload),
    ("buildkite", "buildkite", 4 * MIB, buildkite.map_payload),
    ("otlp-cicd", "token", 4 * MIB, otlp_cicd.map_payload),
    ("grafana", "token", MIB, grafana.map_payload),
    ("grafana-oncall", "token", MIB, grafana_oncall.map_payload),
    ("jira", "bitbucket-hmac", 4 * MIB, jira.map_payload),
    ("pagerduty", "pagerduty", MIB, pagerduty.map_payload),
    ("opsgenie", "token", MIB, opsgenie.map_payload),
    ("incident-io", "standard-webhooks", MIB, incident_io.map_payload),
    ("statuspage", "token", MIB, statuspage.map_payload),
)
"""Name, scheme, largest body, mapper of sources whose webhooks need no more said."""

_GATEWAYS: tuple[tuple[str, GatewayMapper, RequestId | None], ...] = (
    ("gravitee", gravitee.map_records, gravitee.request_id),
    ("tyk", tyk.map_records, None),
    ("krakend", krakend.map_records, krakend.request_id),
    ("aws-api-gateway", aws_api_gateway.map_records, aws_api_gateway.request_id),
    ("google-load-balancer", google_load_balancer.map_records, google_load_balancer.request_id),
)
"""Name, mapper, finder of a record's own id (None: it has none) of gateways that need no more said."""

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            name="github",
            path="webhooks/github",
            kind="events",
            scheme="github-hmac",
            max_bytes=25 * MIB,
            replay_headers=("X-GitHub-Event", "X-Gitea-Event", "X-Gogs-Event", "X-Forgejo-Event"),
            map_events=github.map_payload,
        ),
        Source(
            name="bitbucket",
            path="webhooks/bitbucket",
            kind="events",
            scheme="bitbucket-hmac",
            max_bytes=25 * MIB,
            replay_headers=("X-Event-Key",),
            map_events=bitbucket.map_payload,
        ),
        Source(
            name="gitea",
            path="webhooks/gitea",
            kind="events",
            scheme="gitea-hmac",
            max_bytes=25 * MIB,
            replay_headers=gitea.HEADERS,
            map_events=gitea.map_payload,
        ),
        Source(
            name="alertmanager",
            path="webhooks/alertmanager",
            kind="events",
            scheme="token",
            max_bytes=MIB,
            map_events=alertmanager.map_payload,
        ),
        Source(
            name="cdevents",
            path="webhooks/cdevents",
            kind="events",
            scheme="token",
            max_bytes=MIB,
            replay_headers=("ce-type", "ce-time", "ce-source"),
            cloudevents="dev.cdevents",
            map_events=cdevents.map_payload,
        ),
        Source(
            name="tekton",
            path="webhooks/tekton",
            kind="events",
            scheme="token",
            max_bytes=4 * MIB,
            replay_headers=("ce-type", "ce-time", "ce-source"),
            cloudevents="dev.tekton.event.",
            map_events=tekton.map_payload,
        ),
        Source(
            name="kong",
            path="gateway/kong",
            kind="gateway",
            scheme="token",
            max_bytes=8 * MIB,
            map_gateway=kong.map_records,
            request_id=kong.request_id,
            map_bytes=kong.map_bytes,
        ),
        Source(
            name="apisix",
            path="gateway/apisix",
            kind="gateway",
            scheme="token",
            max_bytes=8 * MIB,
            map_gateway=apisix.map_records,
            request_id=apisix.request_id,
            map_bytes=apisix.map_bytes,
        ),
        Source(
            name="otlp",
            path="gateway/otlp",
            kind="gateway",
            scheme="token",
            max_bytes=8 * MIB,
            map_gateway=otlp.map_records,
            request_id=otlp.request_id,
            unpack=otlp.unpack,
            answer=otlp.answer,
        ),
        *(
            Source(
                name=name,
                path=f"gateway/{name}",
                kind="gateway",
                scheme="token",
                max_bytes=8 * MIB,
                map_gateway=mapper,
                request_id=request_id_of,
            )
            for name, mapper, request_id_of in (
                *_GATEWAYS,
                *((name, record_mapper(name), request_id) for name, log in FORMATS.items() if log.is_json),
            )
        ),
        *(
            Source(name=name, path=f"webhooks/{name}", kind="events", scheme=scheme, max_bytes=size, map_events=mapper)
            for name, scheme, size, mapper in _PLAIN
        ),
        Source(
            name="aws",
            path="webhooks/aws",
            kind="events",
            scheme="sns",
            max_bytes=MIB,
            media=("text/plain",),
            map_events=aws.map_payload,
        ),
    )
}


def with_generic(folder: Path | None) -> None:
    """Add the sources that mapping files describe (`generic.mapper.rows`); for a process, at its start.

    Raises:
        MappingFileError: one of them cannot be used.
    """
    if folder is not None:
        SOURCES.update({source.name: source for source in generic.rows(folder)})


def source_of_type(type_: str) -> Source | None:
    """The source whose mapper reads CloudEvents of this type; None: nobody's."""
    found = (one for one in SOURCES.values() if one.cloudevents and type_.startswith(one.cloudevents))
    return next(found, None)

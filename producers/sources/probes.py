"""Which requests are made by machines that watch: health checks, uptime monitors, scrapers.

Used by gateway mappers; a synthetic request is stored, and never counts as use. A catalog may name more by consumer.
"""

from __future__ import annotations

import re

USER_AGENTS = (
    "apache-httpclient/uptime",
    "azure traffic manager",
    "betterstack",
    "better uptime bot",
    "blackbox exporter",
    "blackbox-exporter",
    "checkly",
    "consul health check",
    "datadog/synthetics",
    "datadogsynthetics",
    "edge health probe",
    "elb-healthchecker",
    "envoy/hc",
    "freshping",
    "googlehc",
    "googlestackdrivermonitoring",
    "grafana-agent",
    "haproxy/health",
    "kube-probe",
    "newrelicpinger",
    "newrelicsynthetics",
    "nagios",
    "check_http/",
    "pingdom",
    "prometheus/",
    "route53-health-check",
    "amazon-route53-health-check-service",
    "site24x7",
    "statuscake",
    "uptime-kuma",
    "uptimerobot",
    "zabbix",
)
"""Beginnings or parts of user agents, lower case."""

PATHS = (
    "/-/healthy",
    "/-/ready",
    "/actuator/health",
    "/health",
    "/healthcheck",
    "/health-check",
    "/healthz",
    "/livez",
    "/live",
    "/liveness",
    "/metrics",
    "/ping",
    "/ready",
    "/readiness",
    "/readyz",
    "/status",
    "/stub_status",
    "/nginx_status",
)
"""Whole paths (a trailing slash and what follows `/actuator/health/` aside) that only watchers call."""

USER_AGENT_PATTERN = "(?i)" + "|".join(re.escape(one) for one in USER_AGENTS)
PATH_PATTERN = (
    r"^(?:"
    + "|".join(re.escape(path) for path in PATHS)
    + r"|/actuator/health/[^?#]*|/healthz?/(?:live|ready))/?(?:[?#].*)?$"
)
"""The same as patterns without look-around, for columns of lines."""

_USER_AGENT = re.compile(USER_AGENT_PATTERN)
_PATH = re.compile(PATH_PATTERN)


def is_probe(user_agent: str, path: str) -> bool:
    """Whether a request is synthetic, by its user agent or its raw path."""
    return bool(_USER_AGENT.search(user_agent) or _PATH.search(path))

"""What dashboards have in common: the choices at their top, the clauses that follow from them, two panels."""

from __future__ import annotations

from deploy.grafana.model import Panel, Variable

IN_RANGE = "period_start >= toDate($__fromTime) AND period_start < toDate($__toTime)"
CLOSED = f"{IN_RANGE} AND is_partial = 0"

SERVICE = Variable("service", "Service", "SELECT service FROM catalog_services ORDER BY service")
PLATFORM_SERVICE = Variable("service", "Platform service", "SELECT service FROM platform_services ORDER BY service")
GATEWAY_SERVICE = Variable("service", "Service", "SELECT DISTINCT service FROM gateway_services ORDER BY service")
TEAM = Variable("team", "Team", "SELECT team FROM catalog_teams ORDER BY team")
ONE_PLATFORM_SERVICE = Variable(
    "focus", "Growth of", "SELECT service FROM platform_services ORDER BY service", multi=False
)
SERVICES = "service IN (${service:singlequote})"
TEAMS = "team IN (${team:singlequote})"


def freshness(*streams: str) -> Panel:
    """Until when there is data of these streams."""
    names = ", ".join(f"'{stream}'" for stream in streams)
    return Panel(
        "table",
        "Freshness",
        "Until when there is data, and how far that is behind now.",
        f"SELECT stream, data_until, lag_seconds, n FROM freshness WHERE stream IN ({names}) ORDER BY stream",
        height=7,
        units={"lag_seconds": "s"},
    )


def coverage(family: str) -> Panel:
    """What of the input could not be used for this family."""
    return Panel(
        "table",
        "Coverage",
        "What of the input could not be used for these numbers, or only in part, and why.",
        "SELECT reason, unit, numerator, denominator, value FROM coverage "
        f"WHERE family IN ('{family}', 'all') AND numerator > 0 ORDER BY reason",
        height=7,
        units={"value": "percentunit"},
    )

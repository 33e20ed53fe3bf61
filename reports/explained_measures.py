"""Which measures can be explained: which views list their events and say their value, and for whom they can be asked.

Every measure of the catalogue page is here, or `schemas.explained` says in words why not; a test holds them together.
"""

from __future__ import annotations

from dataclasses import dataclass

SHORT = {
    "deployment_frequency": "deployment_frequency_per_day",
    "change_lead_time": "change_lead_time_p50_seconds",
    "change_lead_time_coding": "change_lead_time_coding_p50_seconds",
    "change_lead_time_review": "change_lead_time_review_p50_seconds",
    "change_lead_time_merge": "change_lead_time_merge_p50_seconds",
    "change_lead_time_deploy": "change_lead_time_deploy_p50_seconds",
    "change_fail": "change_fail_ratio",
    "deployment_rework": "deployment_rework_ratio",
    "failed_deployment_recovery_time": "failed_deployment_recovery_time_p50_seconds",
    "ci_success": "ci_success_ratio",
    "ci_flaky": "ci_flaky_ratio",
    "ci_duration": "ci_duration_p50_seconds",
    "ci_queue_time": "ci_queue_time_p50_seconds",
    "incident_duration": "incident_duration_p50_seconds",
    "availability": "availability_ratio",
    "uptime": "uptime_ratio",
    "latency": "latency_p50_seconds",
    "error_budget": "slo",
}
"""Measure without its statistic → the headline."""

STAGES = ("coding", "review", "merge", "deploy")
_PERCENTILES = ("p50", "p75", "p90")
_RATES = (
    "deployment_frequency_per_day",
    "change_fail_ratio",
    "change_fail_without_rollbacks_ratio",
    "deployment_rework_ratio",
)
_DURATIONS = (
    "change_lead_time",
    "change_lead_time_without_bots",
    "change_lead_time_from_first_commit",
    "failed_deployment_recovery_time",
)

EVENTS = "explain(metric = {metric:String}, service = {service:String}, from = {since:Date}, to = {until:Date})"
USE = "explain_use(service = {service:String}, from = {since:Date}, to = {until:Date})"
MINUTES = "explain_minutes(service = {service:String}, from = {since:Date}, to = {until:Date})"
TRAFFIC = EVENTS.replace("explain(", "explain_traffic(")
FAILURES = EVENTS.replace("explain(", "explain_failures(")
CHARGES = EVENTS.replace("explain(", "explain_charges(")
TRANSACTIONS = EVENTS.replace("explain(", "explain_transactions(")

_RANGE = "from = {since:Date}, to = {until:Date}"
_PARTS = "value, shown, null_reason, numerator, denominator, n, is_partial"
_OF_SERVICE = "WHERE service = {service:String}"


@dataclass(frozen=True)
class Kind:
    """How measures of one kind are explained.

    Attributes:
        family: in view `coverage`.
        views: what lists the events of one service; each row says whether it is counted, else the reason.
        value: what the views say of a service, one row mostly.
        team_value: of a team, over the services that it had; empty when it is asked service by service.
        is_of_callers: a team is one of the callers, and is asked for beside the service.
        has_units: of gateway traffic, whose events are units.
        is_timeless: needs no period.
    """

    family: str
    views: tuple[str, ...]
    value: str
    team_value: str = ""
    is_of_callers: bool = False
    has_units: bool = False
    is_timeless: bool = False


def _measured(view: str) -> Kind:
    """What is a row of a view with a column `metric`."""

    def value(name: str, whose: str) -> str:
        where = f"{whose} = {{{whose}:String}} AND metric = {{metric:String}}"
        return f"SELECT {_PARTS} FROM {name}_range({_RANGE}) WHERE {where}"

    return Kind(view, (EVENTS,), value(view, "service"), value(f"{view}_teams", "team"))


def _stage(stage: str, percentile: str) -> Kind:
    def value(whose: str) -> str:
        return (
            f"SELECT {percentile}_seconds AS value, n, n_commits, is_partial "
            f"FROM change_lead_time_stages({_RANGE}, grain = 'range', scope = '{whose}') "
            f"WHERE {whose} = {{{whose}:String}} AND stage = '{stage}'"
        )

    return Kind("velocity", (EVENTS,), value("service"), value("team"))


def _traffic(view: str, columns: str, whose: str = "service") -> str:
    where = f"{whose} = {{{whose}:String}}"
    return f"SELECT {columns} FROM {view}({_RANGE}, grain = 'range', scope = '{whose}') WHERE {where}"


def _latency(percentile: str) -> Kind:
    columns = f"{percentile}_seconds AS value, null_reason, n, requests, is_partial"
    service, team = (_traffic("latency", columns, whose) for whose in ("service", "team"))
    return Kind("reliability", (TRAFFIC,), service, team, has_units=True)


def _cost(*views: str, has_units: bool = False) -> Kind:
    value = (
        "SELECT cost, currency, numerator, denominator, unit, value, null_reason, cost_without_transactions, "
        f"is_provisional FROM cost_per_transaction({_RANGE}, grain = 'range') {_OF_SERVICE}"
    )
    return Kind("cost", (CHARGES, *views), value, has_units=has_units)


_INCIDENTS = Kind(
    "velocity",
    (EVENTS,),
    "SELECT episodes, incidents, reopenings, unattributed, p50_seconds, p75_seconds, p90_seconds, n, n_open "
    f"FROM incident_episodes({_RANGE}, grain = 'range') {_OF_SERVICE}",
)

KINDS: dict[str, Kind] = {
    **dict.fromkeys(_RATES, _measured("velocity")),
    **dict.fromkeys((f"{name}_{one}_seconds" for name in _DURATIONS for one in _PERCENTILES), _measured("velocity")),
    **{f"change_lead_time_{name}_{one}_seconds": _stage(name, one) for name in STAGES for one in _PERCENTILES},
    **dict.fromkeys(("ci_success_ratio", "ci_flaky_ratio"), _measured("ci")),
    **dict.fromkeys(
        (f"ci_{name}_{one}_seconds" for name in ("duration", "queue_time") for one in _PERCENTILES), _measured("ci")
    ),
    "incidents": _INCIDENTS,
    **dict.fromkeys((f"incident_duration_{one}_seconds" for one in _PERCENTILES), _INCIDENTS),
    "time_to_production": Kind(
        "time-to-production",
        (EVENTS,),
        f"SELECT start, started_at, status, value_seconds FROM time_to_production {_OF_SERVICE} ORDER BY start DESC",
        is_timeless=True,
    ),
    "adoption": Kind(
        "adoption",
        (USE,),
        "SELECT use, sum(uses) AS uses, uniqExact(consumer) AS consumers, uniqExact(team) AS teams FROM adoption_use "
        f"{_OF_SERVICE} AND ({{team:String}} = '' OR team = {{team:String}}) "
        "AND day >= {since:Date} AND day < {until:Date} GROUP BY use ORDER BY use",
        is_of_callers=True,
        has_units=True,
    ),
    "availability_ratio": Kind(
        "reliability",
        (TRAFFIC,),
        _traffic("availability", f"{_PARTS}, requests, limited"),
        _traffic("availability", f"{_PARTS}, requests, limited", "team"),
        has_units=True,
    ),
    **{f"latency_{one}_seconds": _latency(one) for one in ("p50", "p90", "p95", "p99")},
    "uptime_ratio": Kind(
        "reliability",
        (MINUTES, EVENTS),
        f"SELECT {_PARTS}, down_with_traffic, down_in_incident, down_against_usual, minutes_quiet, minutes "
        f"FROM uptime({_RANGE}, grain = 'range') {_OF_SERVICE}",
        has_units=True,
    ),
    "slo": Kind(
        "reliability",
        (TRAFFIC,),
        "SELECT period_start AS last_day, window_days, objective, numerator, denominator, value, null_reason, failed, "
        "budget_requests, budget_used, budget_left, is_met FROM slo_days(from = {since:Date}, to = {until:Date}) "
        f"{_OF_SERVICE} ORDER BY period_start DESC LIMIT 1",
        has_units=True,
    ),
    "slo_burn": Kind(
        "reliability",
        (TRAFFIC,),
        "SELECT severity, objective, threshold, long_minutes, long_failed, long_denominator, long_burn, short_minutes, "
        f"short_failed, short_denominator, short_burn, is_firing, null_reason FROM slo_burn {_OF_SERVICE} "
        "ORDER BY long_minutes",
        has_units=True,
        is_timeless=True,
    ),
    "blast_radius": Kind(
        "reliability",
        (FAILURES, EVENTS),
        "SELECT incident, episode, at, failed, requests, teams, team_names, consumers, null_reason FROM blast_radius "
        f"{_OF_SERVICE} AND day >= {{since:Date}} AND day < {{until:Date}} ORDER BY at, incident, episode",
        has_units=True,
    ),
    "failed_requests": Kind(
        "reliability",
        (FAILURES,),
        f"SELECT team, failed, minutes, consumers FROM slo_affected_teams({_RANGE}, grain = 'range') "
        f"{_OF_SERVICE} AND ({{team:String}} = '' OR team = {{team:String}}) ORDER BY team",
        is_of_callers=True,
        has_units=True,
    ),
    "cost": _cost(),
    "cost_per_transaction": _cost(TRANSACTIONS, USE, has_units=True),
}
"""Measure → how it is explained."""

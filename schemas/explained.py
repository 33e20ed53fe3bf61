"""How each view of the catalogue is explained: by which measures of `adoption explain`, or in words why by none.

Goes over views by the first words of their names, the longest that fits; a view that no rule fits fails a test. The
catalogue page prints it under each view, and the command answers with it when it is asked for a view.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Explained(NamedTuple):
    """What is to be said of a view.

    `measures`: as `adoption explain` takes them; none when the view holds nothing that events were counted for.
    `words`: what else is to be known; why not, when there is no measure.
    """

    measures: tuple[str, ...]
    words: str = ""


_DELIVERY = (
    "deployment_frequency",
    "change_lead_time",
    "change_fail",
    "deployment_rework",
    "failed_deployment_recovery_time",
)
_STAGES = tuple(f"change_lead_time_{stage}" for stage in ("coding", "review", "merge", "deploy"))
_CI = ("ci_success", "ci_flaky", "ci_duration", "ci_queue_time")
_IN_CATALOG = "It says what the catalog says: its events are in view catalog_facts, each with its id."
_USE = "It is made of counted use; ask of each period that it looks at."
_GRANTS = "Of grants, events of the catalog, and of counted use from then on."

RULES: Final[dict[str, Explained]] = {
    "adoption": Explained(("adoption",), _USE),
    "adoption_callers": Explained((), _IN_CATALOG),
    "adoption_eligible": Explained(("adoption",), f"For whom it uses; else: {_IN_CATALOG}"),
    "adoption_funnel": Explained(("adoption",), _GRANTS),
    "adoption_rate": Explained(("adoption",), "That is the numerator; the population are the catalog's teams."),
    "adoption_stalled": Explained(("adoption",), _GRANTS),
    "adoption_time_to_adopt": Explained(("adoption",), _GRANTS),
    "platform_services": Explained((), _IN_CATALOG),
    "service_adoption": Explained(("adoption",), _USE),
    "time_to_production": Explained(("time_to_production",)),
    "ttp": Explained(("time_to_production",), "Service by service: a cohort's or team's number is of its services."),
    "milestones": Explained(("time_to_production",)),
    "observations": Explained((), "Since when a source is seen is set by who runs the tracker, no event says it."),
    "velocity": Explained(_DELIVERY),
    "velocity_spine": Explained((), "It counts nothing: for whom and when there are numbers."),
    "velocity_targets": Explained(_DELIVERY, "That is the value; the target is the catalog's, in view targets."),
    "velocity_tiers": Explained(_DELIVERY, "That is the value; the bounds of tiers are data, in view tiers."),
    "quick_check": Explained(_DELIVERY, "That is what is scored; the buckets are data, in the view itself."),
    "tiers": Explained((), "It is a table of published bounds, and rests on no event."),
    "deployments": Explained(_DELIVERY),
    "attempts": Explained(("deployment_frequency", "change_fail")),
    "release": Explained(_DELIVERY),
    "commits": Explained(("change_lead_time", *_STAGES)),
    "change_lead_time_stages": Explained(_STAGES),
    "ci": Explained(_CI),
    "incidents": Explained(("incidents",)),
    "incident_episodes": Explained(("incidents", "incident_duration")),
    "availability": Explained(("availability",), "A route's: its requests are those of the service's units."),
    "reliability": Explained(("availability", "uptime")),
    "uptime": Explained(("uptime",)),
    "latency": Explained(("latency",), "A route's: its requests are those of the service's units."),
    "slo": Explained(("slo",)),
    "slo_affected_teams": Explained(("failed_requests",)),
    "slo_burn": Explained(("slo_burn",), "Now, as the view is: no period."),
    "slo_objectives": Explained((), _IN_CATALOG),
    "failed_requests": Explained(("failed_requests",)),
    "blast_radius": Explained(("blast_radius",)),
    "gateway": Explained((), "It sums units of the archive: view explain_units names those of a service and days."),
    "cost": Explained(("cost", "cost_per_transaction")),
    "cost_charges": Explained(("cost",), "Each of its rows names its event."),
    "cost_exports": Explained((), "Which exports came whole; their events have the digest, in table cost_events."),
    "cost_reconciliation": Explained(("cost",), "Of services; all else is in view cost_charges, with ids."),
    "cost_transactions": Explained(("cost_per_transaction",)),
    "costs": Explained(("cost",)),
    "catalog": Explained((), _IN_CATALOG),
    "service_aliases": Explained((), _IN_CATALOG),
    "targets": Explained((), _IN_CATALOG),
    "annotations": Explained((), _IN_CATALOG),
    "period": Explained((), "It is a calendar, cut in the tenant's zone."),
    "periods": Explained((), "It is a calendar, cut in the tenant's zone."),
    "as_of": Explained((), "It is the clock: the worker ticks it, or an operator pins it."),
    "coverage": Explained((), "What could not be used: each measure's explanation lists it, with its reason."),
    "dead_letter": Explained((), "Each row is a record that could not be read: adoption dead-letters shows it."),
    "evidence": Explained((), "Each row is an event and what became of it."),
    "explain": Explained((), "It is the explanation."),
    "facts_slices": Explained((), "An index of the facts that hold; the facts are explained."),
    "freshness": Explained((), "Each instant is that of the latest event, or unit, of a stream or source."),
    "restatements": Explained((), "Each row names the events that changed it."),
}  # fmt: skip
"""First words of a view's name -> how it is explained."""


def explained(view: str) -> Explained:
    """How a view is explained.

    Raises:
        KeyError: no rule fits its name.
    """
    words = [word for word in RULES if view == word or view.startswith(f"{word}_")]
    if not words:
        raise KeyError(f"view {view}: say in schemas/explained.py how it is explained, or why not")
    return RULES[max(words, key=len)]


def sentence(view: str) -> str:
    """The same for people, in Markdown."""
    measures, words = explained(view)
    said = "Explained by " + ", ".join(f"`adoption explain {one}`" for one in measures) + "." if measures else ""
    return f"{said} {words}".strip() if said else f"Not explained by events: {words[:1].lower()}{words[1:]}"

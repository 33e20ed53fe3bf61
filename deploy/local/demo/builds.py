"""CI runs of a commit on main: mostly green; most red ones turn green on a re-run, the others need a new change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random

from deploy.local.demo import github
from deploy.local.demo.changes import minutes
from deploy.local.demo.github import Author, Repository, Webhook
from deploy.local.demo.organisation import TEMPLATE

_GIVE_UP = 0.3
"""Share of red runs that nobody starts again: the change is broken, the next one mends it."""


@dataclass(frozen=True)
class Builder:
    """A repository's CI.

    Attributes:
        care: 0..1, share of red runs that is avoided.
        template_from: since when it runs on the platform's template, which is faster and steadier; None: never.
    """

    repository: Repository
    rng: Random
    care: float
    template_from: datetime | None

    def build(
        self, moment: datetime, sha: str, actor: Author, *, is_sure: bool = False
    ) -> tuple[list[Webhook], datetime | None]:
        """The runs of a commit pushed at a moment, and when it turned green; None: it stays red."""
        number = self.repository.count("run")
        on_platform = self.template_from is not None and self.template_from <= moment
        trouble = 0.0 if is_sure else (0.05 if on_platform else 0.13) * (1.5 - self.care)
        told = []
        for attempt in (1, 2):
            started = moment + minutes(self.rng, 0.2, 2 if on_platform else 6)
            finished = started + minutes(self.rng, 3, 9 if on_platform else 21)
            is_red = self.rng.random() < trouble
            run = github.Run(
                number=number,
                attempt=attempt,
                sha=sha,
                conclusion="failure" if is_red else "success",
                created_at=moment,
                started_at=started,
                finished_at=finished,
                template=TEMPLATE if on_platform else None,
            )
            payload = github.workflow_run_completed(self.repository, run, actor)
            told.append(Webhook(finished, "workflow_run", payload))
            if not is_red:
                return told, finished
            if self.rng.random() < _GIVE_UP:
                break
            moment = finished + minutes(self.rng, 4, 60)
        return told, None

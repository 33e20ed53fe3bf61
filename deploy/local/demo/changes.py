"""How a change comes into a repository: a branch is pushed, a pull request merged, main moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from deploy.local.demo import github
from deploy.local.demo.github import Author, Commit, Repository, Webhook
from deploy.local.demo.organisation import COMPANY

_WORDS = ("validation", "retry policy", "pagination", "error messages", "timeouts", "metrics", "cache", "mapping")
_VERBS = ("Improve", "Simplify", "Add", "Tidy up", "Speed up", "Cover", "Rework")
_ROBOT_SHARE = 0.07
"""Share of changes that a robot makes: dependency updates."""


def minutes(rng: Random, low: float, high: float) -> timedelta:
    """A duration between two numbers of minutes, the short ones likelier, in whole seconds."""
    return timedelta(seconds=int(60 * rng.triangular(low, high, low)))


@dataclass(frozen=True)
class _Work:
    """A change about to be merged."""

    moment: datetime
    number: int
    branch: str
    title: str
    author: Author
    lasted: timedelta
    most_commits: int
    labels: tuple[str, ...] = ()


@dataclass
class Changes:
    """A repository's main branch and those who change it.

    Attributes:
        squash: pull requests are squashed; else merged with a merge commit.
        begun: nothing was done before.
        head: of main.
    """

    repository: Repository
    rng: Random
    squash: bool
    begun: datetime
    people: list[Author] = field(init=False)
    head: str = field(init=False)

    def __post_init__(self) -> None:
        """A few people, and a head that was there before the story."""
        self.people = [Author(self.repository.number * 10 + index) for index in range(self.rng.randint(3, 6))]
        self.head = self.repository.commit_id()
        stem = self.repository.name.replace("-", "_")
        self.paths = tuple(f"src/{stem}/{part}" for part in ("main", "store", "http"))

    def anybody(self) -> Author:
        """One of the people."""
        return self.rng.choice(self.people)

    def first(self, moment: datetime) -> list[Webhook]:
        """The first push of a new repository."""
        self.begun, self.head = moment, self.repository.commit_id()
        author = self.anybody()
        commit = Commit(self.head, moment - minutes(self.rng, 3, 40), "First steps", author, self.paths[:1])
        return [Webhook(moment, "push", github.push(self.repository, github.MAIN, github.ZEROS, [commit], author))]

    def usual(self, moment: datetime) -> list[Webhook]:
        """A change by one of the people or by the robot, merged now."""
        number = self.repository.count("pull")
        if self.rng.random() < _ROBOT_SHARE:
            lasted = timedelta(days=self.rng.uniform(0.02, 1.0))
            robot = Author(999, robot=True)
            return self._merge(_Work(moment, number, f"update/{number}", "Update dependencies", robot, lasted, 1))
        title = f"{self.rng.choice(_VERBS)} {self.rng.choice(_WORDS)}"
        lasted = timedelta(days=min(self.rng.lognormvariate(0.1, 0.8), 9))
        return self._merge(_Work(moment, number, f"feature/{number}", title, self.anybody(), lasted, 4))

    def hotfix(self, moment: datetime) -> list[Webhook]:
        """A change because of an incident, merged now."""
        number = self.repository.count("pull")
        title = f"Hotfix: {self.rng.choice(_WORDS)}"
        lasted = minutes(self.rng, 15, 60)
        return self._merge(
            _Work(moment, number, f"hotfix/{number}", title, self.anybody(), lasted, 1, labels=("hotfix",))
        )

    def _merge(self, work: _Work) -> list[Webhook]:
        lasted = min(work.lasted, (work.moment - self.begun) * 0.9)
        commits = self._commits(work, lasted)
        opened = work.moment - lasted * self.rng.uniform(0.2, 0.45)
        before, merger = self.head, self.anybody()
        self.head = self.repository.commit_id()
        pull = github.Pull(
            number=work.number,
            branch=work.branch,
            title=work.title,
            author=work.author,
            opened_at=opened,
            merged_at=work.moment,
            base_sha=before,
            head_sha=commits[-1].sha,
            merge_sha=self.head,
            commits=len(commits),
            labels=work.labels,
        )
        branch = github.push(self.repository, f"refs/heads/{work.branch}", github.ZEROS, commits, work.author)
        main = github.push(self.repository, github.MAIN, before, self._landed(work, commits, merger), merger)
        return [
            Webhook(opened, "push", branch),
            Webhook(work.moment, "pull_request", github.pull_request_merged(self.repository, pull, merger)),
            Webhook(work.moment + timedelta(seconds=2), "push", main),
        ]

    def _commits(self, work: _Work, lasted: timedelta) -> list[Commit]:
        total = min(work.most_commits, self.rng.choice((1, 1, 2, 2, 3, 4)))
        return [
            Commit(
                self.repository.commit_id(),
                # All are made before the pull request is opened, in the first half of the work.
                work.moment - lasted * (1 - 0.5 * index / total),
                work.title if index == 0 else f"{work.title}, step {index + 1}",
                work.author,
                (self.rng.choice(self.paths),),
            )
            for index in range(total)
        ]

    def _landed(self, work: _Work, commits: list[Commit], merger: Author) -> list[Commit]:
        """What the push to main lists: the squashed commit, or the branch's commits and the merge."""
        if self.squash:
            return [Commit(self.head, work.moment, f"{work.title} (#{work.number})", work.author, commits[0].paths)]
        title = f"Merge pull request #{work.number} from {COMPANY}/{work.branch}"
        return [*commits, Commit(self.head, work.moment, title, merger)]

"""The repository that the address of a clone names, for vendors that know a repository by nothing else.

Used by mappers of CI and deployment systems, whose payloads say where they cloned from.
"""

from __future__ import annotations

from producers.gitlog import repository_name
from producers.sources.redact import dimension
from schemas.delivery import Repository


def clone(address: str | None) -> Repository | None:
    """The repository by its host and path; None where the address has no host: nothing is guessed of it.

    `git+https://git.example/acme/pay.git`, `ssh://git@git.example:22/acme/pay`, `git@git.example:acme/pay` are one.
    """
    name = repository_name((address or "").strip().removeprefix("git+"))
    return Repository(name=dimension(name)) if name else None

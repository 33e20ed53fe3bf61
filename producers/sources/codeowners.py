"""CODEOWNERS (of GitHub, GitLab, Bitbucket, Gitea) to owners of services whose descriptors name none.

Read by the catalog import: who owns a descriptor's file owns its service. The last pattern that matches decides; its
first owner that is a team does (`@acme/payments` is `payments`), as a person owns no service. A pattern without owners
takes ownership away. GitLab's sections are read as one list; a section's own owners stand for its lines without any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from producers.sources.redact import dimension

PLACES = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")
"""Where forges look for the file, in their order."""
_TEAM = re.compile(r"@[\w.-]+(?:/[\w.-]+)*/([\w.-]+)")
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?(.*)")
_COMMENT = re.compile(r"(?:^|\s)#.*")


class Rule(NamedTuple):
    """A line: which paths it is about, and their team; None: no team owns them."""

    pattern: re.Pattern[str]
    team: str | None


def rules(text: str) -> list[Rule]:
    """The lines of a file that say something, in their order."""
    return list(_rules(text))


def team_of(found: list[Rule], path: str) -> str | None:
    """The team that owns a file, by its path from the repository's root; None without one."""
    return next((rule.team for rule in reversed(found) if rule.pattern.fullmatch(path)), None)


def _rules(text: str) -> Iterator[Rule]:
    default: list[str] = []
    for line in text.splitlines():
        plain = _COMMENT.sub("", line).strip()
        if section := _SECTION.fullmatch(plain):
            default = section[1].split()
        elif plain:
            glob, *owners = re.split(r"(?<!\\)\s+", plain)
            yield Rule(_pattern(glob.replace("\\ ", " ").replace("\\#", "#")), _team(owners or default))


def _team(owners: list[str]) -> str | None:
    teams = (match[1] for owner in owners if (match := _TEAM.fullmatch(owner)))
    return next((name for team in teams if (name := dimension(team))), None)


def _pattern(glob: str) -> re.Pattern[str]:
    """A glob as gitignore has it: anchored where it has a slash, a folder's is about all below it."""
    inside = glob.strip("/")
    is_anchored = "/" in glob.rstrip("/")
    parts = re.split(r"(\*\*/|/\*\*|\*\*|\*|\?)", inside)
    words = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(words.get(part) or re.escape(part) for part in parts)
    # `docs/*` is about the files of that folder alone.
    below = "/.*" if glob.endswith("/") else "" if inside.endswith("/*") else "(?:/.*)?"
    return re.compile(f"{'' if is_anchored else '(?:.*/)?'}{body}{below}")

"""Package URLs (`pkg:oci/pay@sha256:…?tag=1.4.0`) to what they say of a deployed artifact: version, commit, repository.

Used by mappers whose vendors name artifacts so. What a type of package does not promise is not read into it: a
version is a commit where the type's definition says that it is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from producers.sources.clones import clone
from producers.sources.evidence import maybe_sha
from producers.sources.forge import repository
from producers.sources.redact import dimension
from schemas.delivery import Repository

_HOSTS = {"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}
"""Types that name a repository of a forge; a version of theirs is a commit or a tag."""
_OF_COMMITS = frozenset({*_HOSTS, "golang"})


@dataclass(frozen=True)
class Artifact:
    """What a package URL says.

    Attributes:
        version: the tag that people gave an image, else the version; a digest where there is nothing else.
        commit: what it was made of.
        repository: where that lies.
    """

    version: str | None = None
    commit: str | None = None
    repository: Repository | None = None


def artifact(text: str | None) -> Artifact:
    """What a package URL says; nothing where it is none: other names of artifacts are not taken apart."""
    if not text or not text.startswith("pkg:"):
        return Artifact()
    bare, _, query = text.partition("#")[0].partition("?")
    path, version = _cut(bare.removeprefix("pkg:").strip("/"))
    kind, _, name = path.partition("/")
    said = parse_qs(query)
    tag, vcs = (said.get(key, [""])[0] for key in ("tag", "vcs_url"))
    version = unquote(version)
    home, revision = _cut(vcs)
    host, full_name = _HOSTS.get(kind.lower()), unquote(name)
    return Artifact(
        version=dimension(tag or version) or None,
        commit=maybe_sha(revision) or (maybe_sha(version) if kind.lower() in _OF_COMMITS else None),
        repository=clone(home) or (repository(host, None, full_name) if host and "/" in full_name else None),
    )


def _cut(text: str) -> tuple[str, str]:
    """What is before a last `@`, and after it; one that a `/` follows is of a user or a scope."""
    before, found, after = text.rpartition("@")
    return (before, after) if found and "/" not in after else (text, "")

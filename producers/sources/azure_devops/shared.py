"""What Azure DevOps' payloads have in common: the organization they came from, its repositories, its people.

Between `mapper.py`, which dispatches, and the modules of one event kind each. An instance is an organization
(`dev.azure.com/acme`, as `acme.visualstudio.com` is) or a server; old payloads name it by some page's address alone.
Repositories are named as their clones are (`dev.azure.com/acme/shop/_git/pay`), whoever hosts them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from producers.gitlog import repository_name
from producers.sources.common import Context, Mapped, Rejected, contract
from producers.sources.evidence import Vendor, link, maybe_host, person
from producers.sources.forge import Origin
from producers.sources.payload import Fields
from producers.sources.redact import dimension
from producers.sources.times import known
from schemas.delivery import Delivery, Repository

AZURE = Vendor("azure-devops", revision=1)

_CLOUD, _OLD_CLOUD = "dev.azure.com", ".visualstudio.com"
_ADDRESSED = (
    ("resourceContainers", "collection"),
    ("resourceContainers", "account"),
    ("resourceContainers", "project"),
    ("resource",),
    ("resource", "repository"),
    ("resource", "run"),
    ("resource", "run", "_links", "web"),
    ("resource", "stage", "_links", "web"),
    ("resource", "environment", "release"),
    ("resource", "environment", "release", "_links", "web"),
)
"""Where an address of the instance may stand, the best first."""
_GITHUB_API = "https://api.github.com/repos/"
_HOSTED = frozenset({"", "git", "tfsgit", "azurereposgit"})
"""Types of repositories that Azure hosts; an object without a type is Azure's own."""
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMES = ("uniqueName", "displayName", "id")


@dataclass(frozen=True)
class Hook:
    """A service hook's payload.

    Attributes:
        body: all of it.
        resource: what it is about.
        instance: host, and organization where the host has many.
    """

    body: Fields
    resource: Fields
    instance: str

    @property
    def at(self) -> datetime:
        """When the event was made, for resources that have no time of their own."""
        return self.body.instant("createdDate")


def hook(body: Fields) -> Hook:
    """The payload and its instance; without any address that is the id of its collection."""
    found = next(filter(None, map(_instance, _addresses(body))), None)
    if found is None:
        found = f"{AZURE.name}/{body.child('resourceContainers').child('collection').text('id').lower()}"
    return Hook(body, body.child("resource"), found)


def _addresses(body: Fields) -> Iterator[str | None]:
    for keys in _ADDRESSED:
        it = within(body, *keys)
        yield link(it, "baseUrl", "url", "href", "remoteUrl") if it else None


def _instance(address: str | None) -> str | None:
    """`https://acme.visualstudio.com/…`, `https://vsrm.dev.azure.com/acme/…`, `https://dev.azure.com/acme/` are one."""
    host = (maybe_host(address) or "").removeprefix("vsrm.").replace(".vsrm.", ".")
    organization = urlsplit(address or "").path.strip("/").partition("/")[0].lower() if host == _CLOUD else ""
    if host.endswith(_OLD_CLOUD):
        host, organization = _CLOUD, host.removesuffix(_OLD_CLOUD)
    if host != _CLOUD:
        return host or None
    return f"{host}/{dimension(organization, 100)}" if organization else None


def origin(at: Hook, it: Fields) -> Origin:
    """Where a payload of this repository object came from."""
    found = repository(it)
    if found is None:
        raise Rejected("missing_field", f"expected {it.at('remoteUrl')} (or id), got a repository without it")
    return Origin(AZURE, at.instance, found, found.id or found.name or "")


def mapped(
    hook: Hook,
    at: datetime,
    identity: tuple[str | int | None, ...],
    data: Callable[[], Delivery],
    *,
    about: Repository | None,
) -> Mapped:
    """The one event of an object that an instance numbers for itself; `about`: its repository, where it is known."""
    subject = (about.name or about.id) if about else f"{hook.instance}/{identity[1]}"
    native = (hook.instance, *identity)
    return Mapped((AZURE.event(f"//{hook.instance}", native, at, data, subject=subject),))


def within(it: Fields, *keys: str) -> Fields | None:
    """The object at the end of these keys, or None."""
    found: Fields | None = it
    for key in keys:
        found = found.maybe_child(key) if found else None
    return found


def repository(it: Fields) -> Repository | None:
    """A repository object as contracts name it: by the address of its clone, and where Azure hosts it by its GUID."""
    address = it.maybe_text("remoteUrl") or it.maybe_text("url") or ""
    name = repository_name(address.replace(_GITHUB_API, "https://github.com/"))
    if name and "/_apis/" in name:  # the address of the API, not of a clone
        name = None
    branch = (it.maybe_text("defaultBranch") or "").removeprefix("refs/heads/")
    number = (it.maybe_text("id") or "").lower()
    if not _GUID.fullmatch(number) or (it.maybe_text("type") or "").lower() not in _HOSTED:
        number = ""
    if not name and not number:
        return None
    return contract(
        lambda: Repository(
            id=f"{AZURE.name}:{number}" if number else None,
            name=dimension(name) if name else None,
            default_branch=dimension(branch) or None,
        )
    )


def account(context: Context, it: Fields | None) -> dict[str, str | bool | None]:
    """`actor` and `is_bot` of an identity, for a contract; nothing when there is none."""
    if it is None:
        return {}
    names = [it.maybe_text(key) for key in _NAMES]
    is_service = (names[0] or "").startswith("Build\\") or "Build Service (" in (names[1] or "")
    return person(context, *(name and name.rpartition("\\")[2] for name in names), is_robot=is_service)


def moment(it: Fields, key: str) -> datetime | None:
    """A time, or None: year 1 stands for "not yet", then without a zone."""
    if (it.maybe_text(key) or "").startswith("0001-"):
        return None
    at = it.maybe_instant(key)
    return known(at) if at else None

"""An event of EventBridge as all modules of this package take it: who sent it, from where, when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from producers.sources.common import Mapped
from producers.sources.evidence import Vendor, word
from producers.sources.forge import repository
from producers.sources.payload import Fields
from producers.sources.redact import dimension
from producers.sources.times import stamp
from schemas.delivery import Delivery, Repository

AWS = Vendor("aws", revision=1)

_HOSTS = {"GitHub": "github.com", "Bitbucket": "bitbucket.org", "GitLab": "gitlab.com"}


@dataclass(frozen=True)
class Notice:
    """What every event of EventBridge says.

    Attributes:
        detail: what the service says; its shape is the service's.
        account: number of the account. Many organisations have one for each environment.
        region: of the service.
        at: when it happened.
    """

    detail: Fields
    account: str
    region: str | None
    at: datetime

    @classmethod
    def of(cls, body: Fields) -> Notice:
        """The notice in an event.

        Raises:
            Rejected: what is missing or malformed in it.
        """
        return cls(body.child("detail"), dimension(body.text("account")), word(body, "region"), body.instant("time"))

    def mapped(self, subject: str, identity: tuple[str | int | None, ...], data: Callable[[], Delivery]) -> Mapped:
        """The one event of an object's state; `identity` makes it one within the account and region."""
        source = f"//aws/{self.account}/{self.region}" if self.region else f"//aws/{self.account}"
        native = (self.account, self.region, *identity, stamp(self.at))
        return Mapped((AWS.event(source, native, self.at, data, subject=subject),))


def repository_of(provider: str | None, full_name: str | None) -> Repository | None:
    """A repository by the name and kind of its host; None for hosts of one's own, whose address is not told."""
    host = _HOSTS.get(provider or "")
    return repository(host, None, full_name) if host and full_name else None

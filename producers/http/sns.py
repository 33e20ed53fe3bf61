"""AWS SNS asks once, by a message to our address, whether we want what a topic sends: an operator has to say yes.

Called for authentic requests of sources behind SNS. Saying yes is opening an address of AWS; the service opens no
addresses that a payload names, so it logs this one.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Final

log = logging.getLogger(__name__)

_ADDRESS: Final = re.compile(r"https://sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[\x21-\x7e]{0,2000}")


def tell_confirmation(payload: Any) -> None:
    """Log what to open where a payload asks to confirm a subscription; nothing for any other payload."""
    if not isinstance(payload, dict) or payload.get("Type") != "SubscriptionConfirmation":
        return
    address = payload.get("SubscribeURL")
    if isinstance(address, str) and _ADDRESS.fullmatch(address):
        log.warning("SNS sends nothing until its subscription is confirmed: open %s within three days", address)

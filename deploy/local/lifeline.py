"""A child of the embedded stack stops when its parent is gone, however the parent ended (`kill -9` included)."""

from __future__ import annotations

import os
import signal
import threading
import time

VARIABLE = "ADOPTION_STOP_WITH_PARENT"
"""Set to 1 in a child's environment by whoever wants it to stop with its parent."""
_EVERY = 0.5


def watch() -> None:
    """Watch the parent, if asked to by the environment; a new parent means that the old one is gone."""
    if os.environ.get(VARIABLE) != "1":
        return
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_EVERY)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
        os._exit(1)

    threading.Thread(target=look, name="lifeline", daemon=True).start()

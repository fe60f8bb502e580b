"""The end of a provider process whose engine is gone: the SDK's server never ends by itself.

By then nothing in it changes anything any more (see ``interrupt``); what it waits for ends within seconds.
"""

from __future__ import annotations

import os
import threading
import time

from redshift_teardown.engine import progress

ASK_EVERY_SECONDS = 2.0
GRACE_SECONDS = 10.0
"""So long what is under way has to say that its engine is gone, and to write its receipt."""


def end_with_engine() -> None:
    """Have this process end soon after its engine; to be called once, in the SDK's own server."""
    threading.Thread(target=_watch, name="redshift-teardown orphan", daemon=True).start()


def _watch() -> None:
    while not progress.engine_gone(within=ASK_EVERY_SECONDS):
        time.sleep(ASK_EVERY_SECONDS)
    time.sleep(GRACE_SECONDS)
    # Not sys.exit, which in a thread ends that thread alone.
    os._exit(0)

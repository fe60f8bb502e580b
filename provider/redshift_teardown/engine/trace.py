"""The trace: what an operation does, in standard ``logging``; off unless the environment asks for it.

``REDSHIFT_TEARDOWN_LOG=debug`` writes to standard error, ``debug:FILE`` to the end of a file. It holds every
call to AWS, every step of a teardown and why, and every wait. It holds no secret: of a call neither
parameters nor answers are written but for the names of cluster and snapshot, and every line goes through
what hides the secret values of the operation at hand.
"""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any

from redshift_teardown.engine.secret_values import hidden
from redshift_teardown.errors import ConfigError

if TYPE_CHECKING:
    from botocore.session import Session as BotocoreSession

LOG_VARIABLE = "REDSHIFT_TEARDOWN_LOG"
LEVELS = ("debug", "info", "warning", "error")
_ROOT = "redshift_teardown"
_FORM = "%(asctime)s.%(msecs)03dZ %(levelname)s %(process)d %(threadName)s %(name)s: %(message)s"
_BEGUN = "redshift_teardown_begun"
_NAMES = (
    "ClusterIdentifier",
    "NewClusterIdentifier",
    "SnapshotIdentifier",
    "FinalClusterSnapshotIdentifier",
    "SkipFinalClusterSnapshot",
    "ResourceName",
)
"""The parameters of a call that are written: what it is about, and what is to become of the data."""

LOG = logging.getLogger(__name__)


def configure() -> None:
    """Have the trace written as the environment asks; once a process.

    Raises:
        ConfigError: the variable has another form, or the file cannot be written.

    """
    asked = os.environ.get(LOG_VARIABLE, "")
    logger = logging.getLogger(_ROOT)
    if not asked or logger.handlers:
        return
    level, _, file = asked.partition(":")
    if level.lower() not in LEVELS:
        raise ConfigError(
            f"{LOG_VARIABLE}={asked!r} names no level of the trace",
            next_step=f"set it to {LOG_VARIABLE}=debug for standard error, or to {LOG_VARIABLE}=debug:FILE",
        )
    try:
        handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler()
    except OSError as error:
        raise ConfigError(
            f"the trace cannot be written to {file!r}, which {LOG_VARIABLE} names: {error.strerror or error}",
            next_step=f"name a file that can be written, or take {LOG_VARIABLE} away",
        ) from None
    handler.setFormatter(_Formatter(_FORM, "%Y-%m-%dT%H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    # A program of the user's may have handlers of its own, which know nothing of secrets.
    logger.propagate = False


def trace_calls(core: BotocoreSession) -> None:
    """Have every call of a botocore session written: operation, region, request id, time, outcome."""
    handlers: dict[str, Any] = {"before-call": _before, "after-call": _after, "after-call-error": _failed}
    for event, handler in handlers.items():
        core.register(event, handler)


class _Formatter(logging.Formatter):
    """Writes times in UTC, and no secret value."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        return hidden(super().format(record))


def _before(model: Any, params: Any, context: Any, **_: Any) -> None:
    if not LOG.isEnabledFor(logging.DEBUG):
        return
    body = params.get("body")
    said = body if isinstance(body, dict) else {}
    about = " ".join(f"{name}={said[name]}" for name in _NAMES if name in said)
    what = (
        f"{model.service_model.service_name}:{model.name} {context.get('client_region', '')} {about}".rstrip()
    )
    context[_BEGUN] = what, time.monotonic()
    LOG.debug("call %s", what)


def _after(http_response: Any, parsed: Any, context: Any, **_: Any) -> None:
    if _BEGUN not in context:
        return
    what, begun = context[_BEGUN]
    metadata = parsed.get("ResponseMetadata", {})
    code = parsed.get("Error", {}).get("Code", "") if http_response.status_code >= 300 else "ok"  # noqa: PLR2004
    LOG.debug(
        "answer %s: %s %s, request %s, %d ms, %d retries",
        what,
        http_response.status_code,
        code,
        metadata.get("RequestId", "without an id"),
        round(1000 * (time.monotonic() - begun)),
        metadata.get("RetryAttempts", 0),
    )


def _failed(exception: Exception, context: Any, **_: Any) -> None:
    if _BEGUN not in context:
        return
    what, begun = context[_BEGUN]
    LOG.debug(
        "no answer %s: %s, %d ms", what, type(exception).__name__, round(1000 * (time.monotonic() - begun))
    )

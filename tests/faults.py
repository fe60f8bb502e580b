"""What AWS, or the wire to it, may answer a call with in place of its answer.

Each as `Control.add_fault` takes it.
"""

from __future__ import annotations

from typing import Any

FAULTS: dict[str, dict[str, Any]] = {
    "throttle": {"code": "Throttling"},
    "500": {"code": "InternalFailure"},
    "500 after": {"code": "InternalFailure", "when": "after"},
    "503": {"code": "ServiceUnavailable"},
    "drop before": {"kind": "drop"},
    "drop after": {"kind": "drop", "when": "after"},
    "access denied": {"code": "AccessDenied"},
    "expired token": {"code": "ExpiredToken"},
}

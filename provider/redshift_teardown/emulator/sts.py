"""The two STS operations that matter to a client that wants to know whose account it works in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator.accounts import assumed_key
from redshift_teardown.emulator.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redshift_teardown.emulator.accounts import Caller

__all__ = ["OPERATIONS"]

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(.+)\Z")
_HOUR = 3600


def _caller_identity(caller: Caller, _params: dict[str, Any], _now: float) -> dict[str, Any]:
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}


def _assume_role(_caller: Caller, params: dict[str, Any], now: float) -> dict[str, Any]:
    """Give keys of the role's account; the role need not exist."""
    found = _ROLE.match(params["RoleArn"])
    if not found:
        raise AwsError("ValidationError", f"{params['RoleArn']} is invalid")
    account, role = found.groups()
    session = params["RoleSessionName"]
    return {
        "Credentials": {
            "AccessKeyId": assumed_key(account),
            "SecretAccessKey": "emulated-secret-access-key",
            "SessionToken": "emulated-session-token",
            "Expiration": now + params.get("DurationSeconds", _HOUR),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": f"AROA{account}0000:{session}",
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{session}",
        },
        "PackedPolicySize": 0,
    }


OPERATIONS: Mapping[str, Callable[[Caller, dict[str, Any], float], dict[str, Any]]] = {
    "AssumeRole": _assume_role,
    "GetCallerIdentity": _caller_identity,
}

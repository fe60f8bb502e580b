"""The STS operations that matter to a client that wants to know whose account it works in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator.accounts import assumed_key
from redshift_teardown.emulator.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redshift_teardown.emulator.accounts import Caller

__all__ = ["OPERATIONS", "UNSIGNED"]

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(.+)\Z")
_HOUR = 3600


def _caller_identity(caller: Caller, _params: dict[str, Any], _now: float) -> dict[str, Any]:
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}


def _assume_role(_caller: Caller, params: dict[str, Any], now: float) -> dict[str, Any]:
    """Return keys of the role's account; the role need not exist."""
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


def _assume_role_with_web_identity(caller: Caller, params: dict[str, Any], now: float) -> dict[str, Any]:
    """Return keys of the role's account; any token will do but one that says it has expired."""
    token = params["WebIdentityToken"]
    if token.startswith("expired"):
        raise AwsError("ExpiredTokenException", "Token expired: the current date is after its expiry")
    given = _assume_role(caller, params, now)
    return {**given, "SubjectFromWebIdentityToken": "emulated", "Provider": "emulated", "Audience": "sts"}


UNSIGNED = frozenset({"AssumeRoleWithWebIdentity"})
"""Operations that are called without credentials: the token says who calls."""

OPERATIONS: Mapping[str, Callable[[Caller, dict[str, Any], float], dict[str, Any]]] = {
    "AssumeRole": _assume_role,
    "AssumeRoleWithWebIdentity": _assume_role_with_web_identity,
    "GetCallerIdentity": _caller_identity,
}

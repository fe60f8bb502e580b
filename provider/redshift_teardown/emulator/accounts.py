"""Who is calling: the account, read off the access key id.

| access key id | account |
|---|---|
| `AKIA111122223333ABCD`, any with twelve digits in a row | those digits |
| `test`, anything else | 123456789012 |

and a few keys that fail the way keys fail: `AKIAINVALID…` is unknown, `ASIAEXPIRED…` has expired, and
`AKIADENIED…` may look at Redshift but not change anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from redshift_teardown.emulator.errors import AwsError

__all__ = ["DEFAULT_ACCOUNT", "Caller", "assumed_key", "identify", "refuse_change"]

DEFAULT_ACCOUNT = "123456789012"
_ACCOUNT = re.compile(r"\d{12}")
_FORBIDDEN = 403


@dataclass(frozen=True)
class Caller:
    """Whose request it is."""

    account: str
    access_key: str

    @property
    def arn(self) -> str:
        """The identity, as GetCallerIdentity tells it."""
        if self.access_key.startswith("ASIA"):
            return f"arn:aws:sts::{self.account}:assumed-role/emulated/session"
        return f"arn:aws:iam::{self.account}:user/emulated"

    @property
    def user_id(self) -> str:
        """The unique id that goes with `arn`."""
        return f"AIDA{self.account}0000"


def identify(access_key: str) -> Caller:
    """Return the caller by the access key id.

    Raises:
        AwsError: ``InvalidClientTokenId`` or ``ExpiredToken``, both 403.
    """
    if access_key.startswith("AKIAINVALID"):
        raise AwsError(
            "InvalidClientTokenId", "The security token included in the request is invalid.", _FORBIDDEN
        )
    if access_key.startswith("ASIAEXPIRED"):
        raise AwsError("ExpiredToken", "The security token included in the request is expired", _FORBIDDEN)
    found = _ACCOUNT.search(access_key)
    return Caller(found.group() if found else DEFAULT_ACCOUNT, access_key)


def refuse_change(caller: Caller, service: str, operation: str) -> None:
    """Refuse a call that changes something of Redshift, where the key may not.

    Raises:
        AwsError: ``AccessDenied`` 403, worded as IAM words it.
    """
    reading = service != "redshift" or operation.startswith("Describe")
    if caller.access_key.startswith("AKIADENIED") and not reading:
        raise AwsError(
            "AccessDenied",
            f"User: {caller.arn} is not authorized to perform: {service}:{operation} because no "
            f"identity-based policy allows the {service}:{operation} action",
            _FORBIDDEN,
        )


def assumed_key(account: str) -> str:
    """A temporary access key id of that account, of the shape STS gives (twenty characters)."""
    return f"ASIA{account}ROLE"

"""A stack's configuration, read in one place for program and provider.

The keys are pulumi-aws's own (``aws:region``, ``aws:profile``, ``aws:endpoints``,
``aws:assumeRoles``, ``aws:defaultTags``, ``aws:allowedAccountIds``, …) and two of ours. Where a key is
absent the AWS SDK's own environment holds (``AWS_REGION``, ``AWS_PROFILE``, ``AWS_ENDPOINT_URL`` …).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redshift_teardown.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redshift_teardown.place import Place

DEFAULT_POLICY_FILE = "policy/deletion-policy.yaml"
POLICY_FILE_KEY = "redshift-teardown:policyFile"
ENVIRONMENT_KEY = "redshift-teardown:environment"


@dataclass(frozen=True)
class AssumedRole:
    """One role of ``aws:assumeRoles``, assumed in the order given; duration in seconds."""

    role_arn: str
    session_name: str = "redshift-teardown"
    external_id: str | None = None
    duration_seconds: int | None = None


@dataclass(frozen=True)
class Settings:
    """What a stack's configuration says; None where it says nothing.

    ``place`` is no configuration: it is what the engine says of the resource of the call that these settings
    are for, and None where no engine calls.
    """

    policy_file: str = DEFAULT_POLICY_FILE
    environment: str | None = None
    region: str | None = None
    profile: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    token: str | None = None
    endpoints: tuple[tuple[str, str], ...] = ()
    assume_roles: tuple[AssumedRole, ...] = ()
    default_tags: tuple[tuple[str, str], ...] = ()
    allowed_account_ids: tuple[str, ...] = ()
    forbidden_account_ids: tuple[str, ...] = ()
    place: Place | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        """Leave the credentials out, wherever this is printed."""
        return f"Settings(region={self.region!r}, profile={self.profile!r}, policy_file={self.policy_file!r})"

    @property
    def only_account(self) -> str | None:
        """The account, where ``aws:allowedAccountIds`` names exactly one."""
        return self.allowed_account_ids[0] if len(self.allowed_account_ids) == 1 else None


def read_settings(get: Callable[[str], Any]) -> Settings:
    """Read the settings through a look-up of namespaced keys.

    Args:
        get: Gives the value of a key such as ``aws:region``, or None. Structured values may come as
            objects or, as Pulumi hands them to a provider, as JSON text.

    Raises:
        ConfigError: a value is not of the form the key takes; the message names the key.

    """
    return Settings(
        policy_file=_text(get, POLICY_FILE_KEY) or DEFAULT_POLICY_FILE,
        environment=_text(get, ENVIRONMENT_KEY),
        region=_text(get, "aws:region"),
        profile=_text(get, "aws:profile"),
        access_key=_text(get, "aws:accessKey"),
        secret_key=_text(get, "aws:secretKey"),
        token=_text(get, "aws:token"),
        endpoints=_endpoints(get),
        assume_roles=_roles(get),
        default_tags=_default_tags(get),
        allowed_account_ids=_accounts(get, "aws:allowedAccountIds"),
        forbidden_account_ids=_accounts(get, "aws:forbiddenAccountIds"),
    )


def _text(get: Callable[[str], Any], key: str) -> str | None:
    value = get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        message = f"config {key} must be text; set it with `pulumi config set {key} VALUE`"
        raise ConfigError(message)
    return value


def _structure(get: Callable[[str], Any], key: str, example: str) -> Any:
    value = get(key)
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError:
            message = f"config {key} is not valid JSON; write it as {example}"
            raise ConfigError(message) from None
    return value or None


def _objects(get: Callable[[str], Any], key: str, example: str) -> list[Mapping[str, Any]]:
    value = _structure(get, key, example)
    if value is None:
        return []
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(item, dict) for item in found):
        message = f"config {key} must be a list of objects; write it as {example}"
        raise ConfigError(message)
    return found


def _endpoints(get: Callable[[str], Any]) -> tuple[tuple[str, str], ...]:
    found = _objects(get, "aws:endpoints", '[{"redshift": "https://…", "sts": "https://…"}]')
    return tuple(
        sorted(
            (service, url)
            for item in found
            for service, url in item.items()
            if service in {"redshift", "sts"} and isinstance(url, str) and url
        )
    )


def _roles(get: Callable[[str], Any]) -> tuple[AssumedRole, ...]:
    example = '[{"roleArn": "arn:aws:iam::111122223333:role/deploy"}]'
    roles = []
    for item in _objects(get, "aws:assumeRoles", example) or _objects(get, "aws:assumeRole", example):
        arn = item.get("roleArn")
        if not isinstance(arn, str) or not arn:
            message = f"config aws:assumeRoles: each role needs a roleArn; write it as {example}"
            raise ConfigError(message)
        seconds = _seconds(item.get("durationSeconds"))
        roles.append(
            AssumedRole(
                role_arn=arn,
                session_name=str(item.get("sessionName") or "redshift-teardown"),
                external_id=str(item["externalId"]) if item.get("externalId") else None,
                duration_seconds=seconds,
            )
        )
    return tuple(roles)


def _seconds(value: Any) -> int | None:
    if value is None or value == "":
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1
    if not 1 <= seconds < 1e6:  # noqa: PLR2004 - AWS knows the limits of each role
        message = "config aws:assumeRoles: durationSeconds must be a number of seconds, such as 3600"
        raise ConfigError(message)
    return int(seconds)


def _default_tags(get: Callable[[str], Any]) -> tuple[tuple[str, str], ...]:
    example = '{"tags": {"team": "data"}}'
    value = _structure(get, "aws:defaultTags", example)
    if value is None:
        return ()
    tags = value.get("tags", {}) if isinstance(value, dict) else None
    if not isinstance(tags, dict):
        message = f"config aws:defaultTags must be an object with tags; write it as {example}"
        raise ConfigError(message)
    return tuple(sorted((str(key), str(text)) for key, text in tags.items()))


def _accounts(get: Callable[[str], Any], key: str) -> tuple[str, ...]:
    example = '["111122223333"]'
    value = _structure(get, key, example)
    if value is None:
        return ()
    found = value if isinstance(value, list) else [value]
    return tuple(str(account).rjust(12, "0") for account in found)

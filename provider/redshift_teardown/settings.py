"""A stack's configuration, read in one place for program and provider.

The keys are pulumi-aws's own (``aws:region``, ``aws:profile``, ``aws:endpoints``,
``aws:assumeRoles``, ``aws:defaultTags``, ``aws:allowedAccountIds``, …) and two of ours. Where a key is
absent the AWS SDK's own environment holds (``AWS_REGION``, ``AWS_PROFILE``, ``AWS_ENDPOINT_URL`` …).

No key of pulumi-aws that says whom we act as, where, or with which tags is passed over: it is used, or
refused by name. `UNUSED` names the others.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from redshift_teardown import config_values as values
from redshift_teardown.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from redshift_teardown.engine.place import Place

DEFAULT_POLICY_FILE = "policy/deletion-policy.yaml"
POLICY_FILE_KEY = "redshift-teardown:policyFile"
ENVIRONMENT_KEY = "redshift-teardown:environment"
SESSION_NAME = "redshift-teardown"
CREDENTIAL_KEYS = ("aws:accessKey", "aws:secretKey", "aws:token")

_NAMESPACES = ("aws:", "redshift-teardown:")
_OF_THE_ENGINE = frozenset(f"{name}{key}" for name in _NAMESPACES for key in ("version", "pluginDownloadURL"))

UNUSED: Mapping[str, str] = MappingProxyType(
    {
        "aws:maxRetries": "this package retries by rules of its own",
        "aws:retryMode": "this package retries by rules of its own",
        "aws:s3UsEast1RegionalEndpoint": "S3 is not called",
        "aws:s3UsePathStyle": "S3 is not called",
        "aws:skipCredentialsValidation": "whose credentials these are is always asked",
        "aws:skipRegionValidation": "AWS says which regions there are",
        "aws:skipRequestingAccountId": "whose credentials these are is always asked",
        "aws:tagPolicyCompliance": "AWS enforces tag policies itself; nothing is checked in preview",
        "aws:tokenBucketRateLimiterCapacity": "this package retries by rules of its own",
        "aws:userAgents": "it names the caller in AWS's logs, and changes nothing",
    }
)
"""Keys of pulumi-aws that say neither whom we act as, nor where, nor with which tags; and why they may go."""

REFUSED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "aws:ignoreTags": (
            "`pulumi up` would take those tags away where it finds them on a cluster",
            "name these tags in the cluster's `tags`; ignore_tags of an aws.Provider serves other resources",
        ),
        "aws:insecure": (
            "certificates are always verified",
            "name the certificates with aws:customCaBundle, or in AWS_CA_BUNDLE",
        ),
        "aws:noProxy": (
            "it cannot be combined with a proxy of the configuration",
            "set HTTPS_PROXY and NO_PROXY in the environment, in place of all three keys",
        ),
        "aws:sharedCredentialsFile": (
            "pulumi-aws calls it aws:sharedCredentialsFiles since its version 5",
            "write it as a list in aws:sharedCredentialsFiles",
        ),
    }
)
"""Keys of pulumi-aws that mean something else than is done here: why, and what to do instead."""


@dataclass(frozen=True)
class AssumedRole:
    """One role of ``aws:assumeRoles``, assumed in the order given; duration in seconds."""

    role_arn: str
    session_name: str = SESSION_NAME
    external_id: str | None = None
    duration_seconds: int | None = None
    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    source_identity: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class WebIdentity:
    """The role of ``aws:assumeRoleWithWebIdentity``: a token, or the file that holds it."""

    role_arn: str
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None
    session_name: str = SESSION_NAME
    duration_seconds: int | None = None
    policy: str | None = None
    policy_arns: tuple[str, ...] = ()


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
    web_identity: WebIdentity | None = None
    shared_config_file: str | None = None
    shared_credentials_file: str | None = None
    default_tags: tuple[tuple[str, str], ...] = ()
    allowed_account_ids: tuple[str, ...] = ()
    forbidden_account_ids: tuple[str, ...] = ()
    sts_region: str | None = None
    ca_bundle: str | None = None
    http_proxy: str | None = None
    https_proxy: str | None = None
    dualstack: bool | None = None
    fips: bool | None = None
    metadata_endpoint: str | None = None
    metadata_endpoint_mode: str | None = None
    metadata_skipped: bool | None = None
    place: Place | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        """Leave the credentials out, wherever this is printed."""
        return f"Settings(region={self.region!r}, profile={self.profile!r}, policy_file={self.policy_file!r})"

    @property
    def only_account(self) -> str | None:
        """The account, where ``aws:allowedAccountIds`` names exactly one."""
        return self.allowed_account_ids[0] if len(self.allowed_account_ids) == 1 else None


def read_settings(get: Callable[[str], Any], keys: Iterable[str] = ()) -> Settings:
    """Read the settings through a look-up of namespaced keys.

    Args:
        get: Gives the value of a key such as ``aws:region``, or None. Structured values may come as
            objects or, as Pulumi hands them to a provider, as JSON text.
        keys: The keys that there are, where the caller knows them.

    Raises:
        ConfigError: a value is not of the form the key takes; a key is one that is not supported and
            would change whom we act as, where, or with which tags; or nobody knows it. The message names it.

    """
    asked: set[str] = set()

    def noted(key: str) -> Any:
        asked.add(key)
        return get(key)

    settings = _read(noted)
    _refuse_unknown(keys, asked)
    return settings


def _read(get: Callable[[str], Any]) -> Settings:
    _refuse_unsupported(get)
    access_key, secret_key, token = (values.string(get, key) for key in CREDENTIAL_KEYS)
    if (access_key is None) != (secret_key is None) or (token and not access_key):
        message = "config aws:accessKey and aws:secretKey belong together, and aws:token to both"
        raise ConfigError(message, next_step="set both, or take the keys away and use aws:profile")
    return Settings(
        policy_file=values.string(get, POLICY_FILE_KEY) or DEFAULT_POLICY_FILE,
        environment=values.string(get, ENVIRONMENT_KEY),
        region=values.string(get, "aws:region"),
        profile=values.string(get, "aws:profile"),
        access_key=access_key,
        secret_key=secret_key,
        token=token,
        endpoints=_endpoints(get),
        assume_roles=_roles(get),
        web_identity=_web_identity(get),
        shared_config_file=values.one_file(get, "aws:sharedConfigFiles"),
        shared_credentials_file=values.one_file(get, "aws:sharedCredentialsFiles"),
        default_tags=_default_tags(get),
        allowed_account_ids=values.accounts(get, "aws:allowedAccountIds"),
        forbidden_account_ids=values.accounts(get, "aws:forbiddenAccountIds"),
        sts_region=values.string(get, "aws:stsRegion"),
        ca_bundle=values.file(get, "aws:customCaBundle"),
        http_proxy=values.string(get, "aws:httpProxy"),
        https_proxy=values.string(get, "aws:httpsProxy"),
        dualstack=values.flag(get, "aws:useDualstackEndpoint"),
        fips=values.flag(get, "aws:useFipsEndpoint"),
        metadata_endpoint=values.string(get, "aws:ec2MetadataServiceEndpoint"),
        metadata_endpoint_mode=values.string(get, "aws:ec2MetadataServiceEndpointMode"),
        metadata_skipped=values.flag(get, "aws:skipMetadataApiCheck"),
    )


def _refuse_unsupported(get: Callable[[str], Any]) -> None:
    for key, (why, cure) in REFUSED.items():
        value = get(key)
        if value in (None, "", "false", False, "{}", "[]", {}, []):
            continue
        message = f"config {key} is not supported: {why}"
        raise ConfigError(message, next_step=f"{cure}; then `pulumi config rm {key}` and run `pulumi up`")


def _refuse_unknown(keys: Iterable[str], asked: set[str]) -> None:
    """Refuse a key that nobody knows, as pulumi-aws does: misspelt, it would say nothing to anybody."""
    known = asked | UNUSED.keys() | _OF_THE_ENGINE
    for key in sorted(keys):
        if _is_meant_for_us(key, known) and key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            message = f"config {key} says nothing: there is no such key"
            meant = f"did you mean {near[0]}? Set it" if near else "set the one that is meant"
            raise ConfigError(message, next_step=f"{meant}, `pulumi config rm {key}`, and run `pulumi up`")


def _is_meant_for_us(key: str, known: AbstractSet[str]) -> bool:
    """Return whether a key is in a namespace that is read here, or would be but for how that is spelt."""
    namespace, colon, name = key.partition(":")
    plain = "".join(sign for sign in namespace.lower() if sign.isalnum())
    return key.startswith(_NAMESPACES) or any(
        plain == right.rstrip(":").replace("-", "") and f"{right}{name}" in known
        for right in _NAMESPACES
        if colon
    )


def _endpoints(get: Callable[[str], Any]) -> tuple[tuple[str, str], ...]:
    key = "aws:endpoints"
    found: dict[str, str] = {}
    for item in values.objects(get, key, '[{"redshift": "https://…", "sts": "https://…"}]'):
        for service, url in item.items():
            if service == "sso" and url:
                message = f"config {key}: an endpoint of sso is not supported"
                raise ConfigError(message, next_step="set AWS_ENDPOINT_URL_SSO in the environment")
            if service not in {"redshift", "sts"} or url in (None, ""):
                # No other service is called.
                continue
            if not isinstance(url, str) or not url.startswith(("http://", "https://")):
                message = f"config {key}: the endpoint of {service} must be a URL, such as https://…"
                raise ConfigError(message)
            found[service] = url
    return tuple(sorted(found.items()))


_ROLE = '{"roleArn": "arn:aws:iam::111122223333:role/deploy"}'


def _roles(get: Callable[[str], Any]) -> tuple[AssumedRole, ...]:
    roles: list[AssumedRole] = []
    example = f"[{_ROLE}]"
    keys = [key for key in ("aws:assumeRoles", "aws:assumeRole") if values.structure(get, key, example)]
    if len(keys) > 1:
        message = "config aws:assumeRoles and aws:assumeRole are two ways to say the same"
        raise ConfigError(
            message, next_step="put all roles into aws:assumeRoles, and take aws:assumeRole away"
        )
    for key in keys:
        for item in values.objects(get, key, example):
            fields = values.Fields(key, item, example)
            roles.append(
                AssumedRole(
                    role_arn=fields.required("roleArn"),
                    session_name=fields.string("sessionName") or SESSION_NAME,
                    external_id=fields.string("externalId"),
                    duration_seconds=fields.duration(),
                    policy=fields.policy(),
                    policy_arns=fields.strings("policyArns"),
                    source_identity=fields.string("sourceIdentity"),
                    tags=fields.tags("tags"),
                    transitive_tag_keys=fields.strings("transitiveTagKeys"),
                )
            )
            fields.refuse_others()
    return tuple(roles)


def _web_identity(get: Callable[[str], Any]) -> WebIdentity | None:
    key = "aws:assumeRoleWithWebIdentity"
    example = _ROLE.replace("}", ', "webIdentityTokenFile": "/path/to/token"}')
    found = values.objects(get, key, example)
    if not found:
        return None
    if len(found) > 1:
        message = f"config {key} takes one role; write it as {example}"
        raise ConfigError(message)
    fields = values.Fields(key, found[0], example)
    identity = WebIdentity(
        role_arn=fields.required("roleArn"),
        token=fields.string("webIdentityToken"),
        token_file=fields.string("webIdentityTokenFile"),
        session_name=fields.string("sessionName") or SESSION_NAME,
        duration_seconds=fields.duration(),
        policy=fields.policy(),
        policy_arns=fields.strings("policyArns"),
    )
    fields.refuse_others()
    if (identity.token is None) == (identity.token_file is None):
        message = f"config {key} needs either webIdentityToken or webIdentityTokenFile; write it as {example}"
        raise ConfigError(message)
    return identity


def _default_tags(get: Callable[[str], Any]) -> tuple[tuple[str, str], ...]:
    key, example = "aws:defaultTags", '{"tags": {"team": "data"}}'
    value = values.structure(get, key, example)
    if value is None:
        return ()
    if not isinstance(value, dict):
        message = f"config {key} must be an object with tags; write it as {example}"
        raise ConfigError(message)
    fields = values.Fields(key, value, example)
    tags = fields.tags("tags")
    fields.refuse_others()
    return tags

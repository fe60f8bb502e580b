"""Whom we act as: boto3 sessions made of what a stack's configuration says.

boto3 is imported when a session is made, never when this module is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3
    from botocore.session import Session as BotocoreSession

    from redshift_teardown.settings import AssumedRole, Settings, WebIdentity

INSTANCE_ROLE = "iam-role"
"""botocore's name for the credentials that the metadata service of an EC2 instance gives."""


def session_of(
    settings: Settings, region: str | None, prepare: Callable[[BotocoreSession], None]
) -> boto3.Session:
    """Make the session whose credentials are those that the configuration says, roles assumed.

    Args:
        settings: The configuration.
        region: The region, before the configured one.
        prepare: Is given each botocore session that is made.

    Raises:
        BotoCoreError: a profile or a file is not there, or there are no credentials to assume a role with.

    """
    session = base_session(settings, region, prepare)
    if settings.web_identity is not None:
        session = _with_web_identity(session, settings.web_identity, settings, prepare)
    for role in settings.assume_roles:
        session = _assumed(session, role, settings, prepare)
    return session


def base_session(
    settings: Settings, region: str | None, prepare: Callable[[BotocoreSession], None]
) -> boto3.Session:
    """Make the session that roles are assumed with; it says which region is meant, too.

    Args:
        settings: The configuration.
        region: The region, before the configured one.
        prepare: Is given the botocore session.

    Raises:
        BotoCoreError: a profile or a file is not there.

    """
    import boto3  # noqa: PLC0415 - see the module's docstring

    return boto3.Session(
        botocore_session=_core(settings, prepare),
        profile_name=settings.profile,
        region_name=region or settings.region,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        aws_session_token=settings.token,
    )


def _core(settings: Settings, prepare: Callable[[BotocoreSession], None]) -> BotocoreSession:
    """Make a botocore session that reaches AWS in the way that the configuration says."""
    from botocore.config import Config  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    core = Session()
    prepare(core)
    for name, value in (
        ("config_file", settings.shared_config_file),
        ("credentials_file", settings.shared_credentials_file),
        ("ca_bundle", settings.ca_bundle),
        ("ec2_metadata_service_endpoint", settings.metadata_endpoint),
        ("ec2_metadata_service_endpoint_mode", settings.metadata_endpoint_mode),
    ):
        if value is not None:
            core.set_config_variable(name, value)
    proxies = {"http": settings.http_proxy, "https": settings.https_proxy}
    own: dict[str, Any] = {
        "proxies": {scheme: url for scheme, url in proxies.items() if url} or None,
        "use_dualstack_endpoint": settings.dualstack,
        "use_fips_endpoint": settings.fips,
    }
    own = {name: value for name, value in own.items() if value is not None}
    if own:
        # It goes for the STS client that assumes a role, too.
        core.set_default_client_config(Config(**own))
    if settings.metadata_skipped:
        core.get_component("credential_provider").remove(INSTANCE_ROLE)
    return core


def _assumed(
    session: boto3.Session,
    role: AssumedRole,
    settings: Settings,
    prepare: Callable[[BotocoreSession], None],
) -> boto3.Session:
    from botocore.credentials import AssumeRoleCredentialFetcher  # noqa: PLC0415
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415

    source = session.get_credentials()
    if source is None:
        raise NoCredentialsError
    extra = _arguments(
        ExternalId=role.external_id,
        SourceIdentity=role.source_identity,
        Tags=[{"Key": key, "Value": value} for key, value in role.tags],
        TransitiveTagKeys=list(role.transitive_tag_keys),
        **_common(role),
    )
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=_sts_of(session, settings),
        source_credentials=source,
        role_arn=role.role_arn,
        extra_args=extra,
    )
    return _renewing(session, fetcher.fetch_credentials, "assume-role", settings, prepare)


def _with_web_identity(
    session: boto3.Session,
    identity: WebIdentity,
    settings: Settings,
    prepare: Callable[[BotocoreSession], None],
) -> boto3.Session:
    from botocore.credentials import AssumeRoleWithWebIdentityCredentialFetcher  # noqa: PLC0415

    fetcher = AssumeRoleWithWebIdentityCredentialFetcher(
        client_creator=_sts_of(session, settings),
        web_identity_token_loader=lambda: _token_of(identity),
        role_arn=identity.role_arn,
        extra_args=_arguments(**_common(identity)),
    )
    return _renewing(session, fetcher.fetch_credentials, "assume-role-with-web-identity", settings, prepare)


def _token_of(identity: WebIdentity) -> str:
    """Read the token anew each time: whoever issues it renews the file."""
    from botocore.exceptions import CredentialRetrievalError  # noqa: PLC0415

    if identity.token is not None:
        return identity.token
    file = Path(identity.token_file or "")
    try:
        return file.expanduser().read_text(encoding="utf-8").strip()
    except (OSError, RuntimeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise CredentialRetrievalError(
            provider="aws:assumeRoleWithWebIdentity", error_msg=f"{file} cannot be read: {why}"
        ) from None


def _common(role: AssumedRole | WebIdentity) -> dict[str, Any]:
    return {
        "RoleSessionName": role.session_name,
        "DurationSeconds": role.duration_seconds,
        "Policy": role.policy,
        "PolicyArns": [{"arn": arn} for arn in role.policy_arns],
    }


def _arguments(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value not in (None, [])}


def _sts_of(session: boto3.Session, settings: Settings) -> Callable[..., Any]:
    """Return what makes clients with a session's credentials, as botocore's own `create_client` does."""
    endpoint = dict(settings.endpoints).get("sts")

    def client(service: str, **given: Any) -> Any:
        if endpoint:
            given.setdefault("endpoint_url", endpoint)
        if settings.sts_region:
            given.setdefault("region_name", settings.sts_region)
        return session._session.create_client(service, **given)  # noqa: SLF001 - boto3 offers no public way

    return client


def _renewing(
    session: boto3.Session,
    fetch: Callable[[], Any],
    method: str,
    settings: Settings,
    prepare: Callable[[BotocoreSession], None],
) -> boto3.Session:
    """Return a session whose credentials are fetched, and fetched again: a teardown may last hours."""
    import boto3  # noqa: PLC0415
    from botocore.credentials import DeferredRefreshableCredentials  # noqa: PLC0415

    core = _core(settings, prepare)
    # Set as botocore's own set_credentials does; it takes only keys that never change.
    core._credentials = DeferredRefreshableCredentials(  # type: ignore[attr-defined]  # noqa: SLF001
        refresh_using=fetch, method=method
    )
    return boto3.Session(botocore_session=core, region_name=session.region_name)

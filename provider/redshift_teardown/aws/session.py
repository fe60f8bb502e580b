"""AWS sessions, clients, retries, and the account and region they stand for.

boto3 is imported when a client is made, never when this module is: the program's process needs
none of it.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from redshift_teardown import process
from redshift_teardown.aws.credentials import base_session, session_of
from redshift_teardown.engine.trace import trace_calls
from redshift_teardown.errors import AccountError, ConfigError, NoAnswerError, TeardownError

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3
    from botocore.session import Session as BotocoreSession
    from types_boto3_redshift import RedshiftClient

    from redshift_teardown.settings import Settings

CONNECT_TIMEOUT_SECONDS = 10
READ_TIMEOUT_SECONDS = 60
READ_ATTEMPTS = 5
CONNECTIONS = 64
THROTTLING = ("Throttl", "RequestLimitExceeded", "TooManyRequests", "RequestThrottled", "SlowDown")
"""How the error codes begin that ask for fewer calls."""
_THROTTLED_RESTS = (1, 2, 4, 8, 16, 20, 20, 20)
"""Seconds between two questions whose credentials these are, on top of botocore's own retries."""


def resolve_region(settings: Settings, argument: object = None) -> str:
    """Return the region a cluster lives in: its own argument, else config, else the SDK's environment.

    Raises:
        ConfigError: none of them names a region.

    """
    if isinstance(argument, str) and argument:
        return argument
    region = settings.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        with process.aws_lock:
            region = _new_session(settings, None, base_session).region_name
    if not region:
        message = (
            "no AWS region is set: run `pulumi config set aws:region eu-west-1` (your region), "
            "give the cluster a region=…, or set AWS_REGION"
        )
        raise ConfigError(message)
    return region


def connect(settings: Settings, region: str) -> Aws:
    """Return the clients of one set of credentials in one region; the same ones for the same settings."""
    with process.aws_lock:
        aws = process.clients.get((settings, region))
        if aws is None:
            aws = process.clients[settings, region] = Aws(settings, region)
        return aws


class Aws:
    """The clients of one set of credentials in one region.

    Attributes:
        region: The region every call goes to.
        redshift: For reads and for writes that may be sent twice. botocore's ``standard`` retries.
        redshift_once: For DeleteCluster. It is sent once: a blind resend after a lost answer would
            meet its own success as InvalidClusterState. For reads while AWS throttles, too.

    """

    def __init__(self, settings: Settings, region: str) -> None:
        """Make the clients; no call is made yet.

        Raises:
            ConfigError: the profile does not exist, or an endpoint or region is malformed.

        """
        from botocore.config import Config  # noqa: PLC0415 - see the module's docstring
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        self.region = region
        self._settings = settings
        self._account_lock = threading.Lock()
        self._account_id: str | None = None
        common: dict[str, Any] = {
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "read_timeout": READ_TIMEOUT_SECONDS,
            "max_pool_connections": CONNECTIONS,
            "user_agent_extra": "redshift-teardown",
        }
        often = Config(retries={"mode": "standard", "total_max_attempts": READ_ATTEMPTS}, **common)
        once = Config(retries={"mode": "standard", "total_max_attempts": 1}, **common)
        endpoints = dict(settings.endpoints)
        try:
            with process.aws_lock:
                # A session makes one client at a time.
                session = _session(settings, region)
                self.redshift: RedshiftClient = session.client(
                    "redshift", region, config=often, endpoint_url=endpoints.get("redshift")
                )
                self.redshift_once: RedshiftClient = session.client(
                    "redshift", region, config=once, endpoint_url=endpoints.get("redshift")
                )
                self._sts = session.client(
                    "sts", settings.sts_region or region, config=often, endpoint_url=endpoints.get("sts")
                )
        except (BotoCoreError, ValueError) as error:
            message = f"AWS cannot be reached with this configuration: {error}"
            raise ConfigError(message) from None

    def account_id(self) -> str:
        """Ask STS once whose credentials these are.

        Raises:
            TeardownError: STS does not answer, or the account is not one that
                ``aws:allowedAccountIds`` / ``aws:forbiddenAccountIds`` let through.

        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        with self._account_lock:
            if self._account_id is None:
                try:
                    account = self._ask_account()
                except (BotoCoreError, ClientError) as error:
                    raise explain(error, "ask AWS whose credentials these are", self.region) from None
                self._check_allowed(account)
                self._account_id = account
            return self._account_id

    def _ask_account(self) -> str:
        """Ask, and ask again while AWS throttles: a busy account is no reason to refuse a teardown."""
        from botocore.exceptions import ClientError  # noqa: PLC0415

        rests = iter(_THROTTLED_RESTS)
        while True:
            try:
                return str(self._sts.get_caller_identity()["Account"])
            except ClientError as error:
                rest = next(rests, None)
                throttled = str(error.response.get("Error", {}).get("Code")).startswith(THROTTLING)
                if rest is None or not throttled:
                    raise
            time.sleep(rest)

    def _check_allowed(self, account: str) -> None:
        allowed = self._settings.allowed_account_ids
        if (allowed and account not in allowed) or account in self._settings.forbidden_account_ids:
            message = (
                f"these are credentials of AWS account {account}, which config "
                f"{'aws:allowedAccountIds' if allowed else 'aws:forbiddenAccountIds'} does not let through"
                f"{' (allowed: ' + ', '.join(allowed) + ')' if allowed else ''}; nothing was changed. "
                "Use credentials of the right account"
            )
            raise AccountError(message)


def explain(error: Exception, intent: str, region: str) -> TeardownError:
    """Turn an AWS SDK error into one that says what to do; AWS's own words are kept.

    Args:
        error: What botocore raised.
        intent: What was being done, as a verb phrase: ``describe cluster warehouse-prod``.
        region: Where it was sent.

    """
    from botocore import exceptions  # noqa: PLC0415

    advice = "nothing was changed by this call; fix the error above and run the command again"
    words = str(error)
    if isinstance(error, exceptions.ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        words = f"{code}: {error.response.get('Error', {}).get('Message', '')}"
        if code in {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"}:
            advice = "AWS does not know these credentials; check AWS_PROFILE, the access key, or aws:profile"
        elif code.startswith("ExpiredToken"):
            advice = "the credentials have expired; log in again, then run the command again"
        elif code.startswith(("AccessDenied", "Unauthorized")):
            advice = "these credentials may not do that; see the IAM policy in the documentation"
    elif isinstance(error, (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)):
        advice = "set AWS_PROFILE, run `aws sso login`, or `pulumi config set aws:profile NAME`"
    elif isinstance(error, exceptions.EndpointConnectionError):
        advice = (
            "nothing answers there: check the network, AWS_ENDPOINT_URL, config aws:endpoints and the "
            f"region ({region})"
        )
    elif isinstance(error, exceptions.ProfileNotFound):
        advice = "name a profile that exists in AWS_PROFILE or config aws:profile"
    elif isinstance(error, (exceptions.SSOError, exceptions.TokenRetrievalError)):
        advice = "log in with `aws sso login`, then run the command again"
    # A mistake, which no later run heals by itself, is told apart from AWS not having been asked at all.
    mistakes = (exceptions.ClientError, exceptions.ProfileNotFound, exceptions.PartialCredentialsError)
    kind = ConfigError if isinstance(error, mistakes) else NoAnswerError
    return kind(f"cannot {intent} in {region}: {words}", next_step=advice)


def _session(settings: Settings, region: str | None) -> boto3.Session:
    """Return the session of these settings, made once: each one reads the service models anew."""
    with process.aws_lock:
        session = process.sessions.get(settings)
        if session is None:
            session = process.sessions[settings] = _new_session(settings, region, session_of)
        return session


def _new_session(settings: Settings, region: str | None, make: Callable[..., boto3.Session]) -> boto3.Session:
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - see the module's docstring

    try:
        return make(settings, region, _prepare)
    except BotoCoreError as error:
        raise explain(error, "read the AWS configuration", region or "no region") from None


def _prepare(core: BotocoreSession) -> None:
    """Have a botocore session read quickly what AWS answers.

    Half of the time a listing of a hundred clusters takes to be read goes into a parser of timestamps that
    understands any form of them.
    """
    trace_calls(core)
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=read_timestamp)


def read_timestamp(text: Any) -> datetime:
    """Read a timestamp of an answer: the form that Redshift uses here, every other one as botocore does.

    Raises:
        ValueError: it is none.

    """
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        moment = None
    if moment is not None and moment.tzinfo is not None:
        return moment
    from botocore.utils import parse_timestamp  # noqa: PLC0415 - not once for each time in a listing

    return parse_timestamp(text)

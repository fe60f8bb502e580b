"""A stack's configuration: what it says is what happens, or it is refused by name."""

from __future__ import annotations

import inspect
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi_aws
import pytest

from redshift_teardown.aws import session
from redshift_teardown.emulator import Emulator
from redshift_teardown.errors import ConfigError, NoAnswerError
from redshift_teardown.settings import REFUSED, UNUSED, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = "arn:aws:iam::444455556666:role/deploy"
OTHER = "arn:aws:iam::777788889999:role/next"
POLICY = '{"Version": "2012-10-17", "Statement": []}'
REGION = "eu-central-1"


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Emulator]:
    """An emulator, and an environment of the AWS SDK in which there is nothing."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with Emulator() as running:
        yield running


def read(**config: Any) -> Any:
    """Read a configuration, given by the names of pulumi-aws's keys."""
    return read_settings({f"aws:{name}": value for name, value in config.items()}.get)


def account(emulator: Emulator, **config: Any) -> str:
    """Return whose account a configuration acts in."""
    endpoints = [{"sts": emulator.url, "redshift": emulator.url}]
    return session.connect(read(endpoints=endpoints, **config), REGION).account_id()


def keys_of_pulumi_aws() -> set[str]:
    """The keys that the installed pulumi-aws takes from a stack's configuration."""
    source = Path(inspect.getfile(pulumi_aws)).parent.joinpath("config", "vars.py").read_text("utf-8")
    return {f"aws:{name}" for name in re.findall(r"__config__\.get(?:_\w+)?\('(\w+)'\)", source)}


def test_no_key_of_pulumi_aws_is_passed_over() -> None:
    """Each key is used, refused by name, or listed with why it may go."""
    asked: set[str] = set()

    def get(key: str) -> None:
        asked.add(key)

    read_settings(get, keys_of_pulumi_aws() - REFUSED.keys())
    used = {key for key in asked if key.startswith("aws:")} - REFUSED.keys()

    assert keys_of_pulumi_aws() - used - REFUSED.keys() - UNUSED.keys() == set()
    assert used & UNUSED.keys() == set()


def test_the_documentation_lists_every_key() -> None:
    """The page says of each key what becomes of it, in the words of the code where it is not used."""
    page = Path(__file__).parents[2].joinpath("docs", "configuration.md").read_text("utf-8")
    rows = {
        key: row
        for row in page.splitlines()
        if row.startswith("| `")
        for key in re.findall(r"`(aws:\w+)`", row.split("|")[1])
    }

    assert keys_of_pulumi_aws() - rows.keys() == set()
    for key, (why, cure) in REFUSED.items():
        assert why in rows[key]
        assert cure in rows[key]
    for key, why in UNUSED.items():
        assert why in rows[key]


@pytest.mark.parametrize("key", sorted(REFUSED))
def test_what_is_not_supported_is_refused_by_name(key: str) -> None:
    """The message names the key, and what to do instead."""
    with pytest.raises(ConfigError, match=rf"config {key} is not supported: .*\n  next: .*pulumi config rm"):
        read_settings({key: "true"}.get)


def test_what_is_refused_may_be_switched_off() -> None:
    """A key that asks for nothing is no reason to refuse."""
    assert read(insecure="false", noProxy="", ignoreTags="{}") == read()


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("aws:asumeRoles", "aws:assumeRoles"),
        ("aws:allowedAccountId", "aws:allowedAccountIds"),
        ("redshift-teardown:enviroment", "redshift-teardown:environment"),
        ("aws:Profile", "aws:profile"),
        ("redshift_teardown:environment", "redshift-teardown:environment"),
        ("Redshift-Teardown:policyFile", "redshift-teardown:policyFile"),
        ("AWS:region", "aws:region"),
    ],
)
def test_a_misspelt_key_is_refused(key: str, meant: str) -> None:
    """It would say nothing to anybody, and whoever is in the environment would be acted as."""
    with pytest.raises(ConfigError, match=rf"config {key} says nothing: .*\n  next: did you mean {meant}\?"):
        read_settings({key: "x"}.get, [key, "aws:region", "aws:maxRetries", "aws:version", "warehouse:size"])


# --- whom we act as ---


def test_a_web_identity_is_acted_as(emulator: Emulator, tmp_path: Path) -> None:
    """The cluster is made in the role's account, not in the one of the environment."""
    token = tmp_path / "token"
    token.write_text("a-token\n", "utf-8")

    found = account(
        emulator,
        assumeRoleWithWebIdentity=json.dumps(
            {
                "roleArn": ROLE,
                "webIdentityTokenFile": str(token),
                "duration": "1h30m",
                "policy": POLICY,
                "policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            }
        ),
    )

    (call,) = emulator.control.calls("AssumeRoleWithWebIdentity")
    assert found == "444455556666"
    assert call.parameters == {
        "RoleArn": ROLE,
        "RoleSessionName": "redshift-teardown",
        "WebIdentityToken": "***",
        "DurationSeconds": "5400",
        "Policy": POLICY,
        "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
    }


def test_roles_follow_a_web_identity(emulator: Emulator) -> None:
    """As in pulumi-aws, the roles are assumed with the credentials that the token gave."""
    identity = {"roleArn": ROLE, "webIdentityToken": "a-token", "sessionName": "ci"}

    assert account(emulator, assumeRoleWithWebIdentity=identity, assumeRoles=[{"roleArn": OTHER}]) == (
        "777788889999"
    )
    (call,) = emulator.control.calls("AssumeRole")
    assert call.account == "444455556666"


def test_a_token_file_that_is_gone(emulator: Emulator, tmp_path: Path) -> None:
    """The message names the file, and AWS was not asked with other credentials."""
    identity = {"roleArn": ROLE, "webIdentityTokenFile": str(tmp_path / "none")}

    with pytest.raises(NoAnswerError, match=r"none cannot be read: No such file"):
        account(emulator, assumeRoleWithWebIdentity=identity)
    assert emulator.control.calls() == []


def test_every_field_of_a_role_reaches_aws(emulator: Emulator) -> None:
    """What a role is restricted by, and is known by, is what the configuration says."""
    role = {
        "roleArn": ROLE,
        "sessionName": "ci",
        "externalId": 4711,
        "duration": "30m",
        "policy": POLICY,
        "policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "sourceIdentity": "somebody",
        "tags": {"team": "data", "trial": True},
        "transitiveTagKeys": ["team"],
    }

    assert account(emulator, accessKey="test", secretKey="x", assumeRoles=[role]) == "444455556666"
    (call,) = emulator.control.calls("AssumeRole")
    assert call.parameters == {
        "RoleArn": ROLE,
        "RoleSessionName": "ci",
        "ExternalId": "4711",
        "DurationSeconds": "1800",
        "Policy": POLICY,
        "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "SourceIdentity": "somebody",
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "data",
        "Tags.member.2.Key": "trial",
        "Tags.member.2.Value": "true",
        "TransitiveTagKeys.member.1": "team",
    }


def test_a_role_without_credentials_to_assume_it_with(emulator: Emulator) -> None:
    """It is said plainly; preview goes on without AWS, as it does without any credentials."""
    with pytest.raises(NoAnswerError, match=r"Unable to locate credentials\n  next: set AWS_PROFILE"):
        account(emulator, assumeRoles=[{"roleArn": ROLE}])


@pytest.mark.usefixtures("emulator")
def test_the_region_is_known_without_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where a cluster lives is read from the profile, before any role is assumed."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    config = tmp_path / "config"
    config.write_text("[profile there]\nregion = eu-north-1\n", "utf-8")
    settings = read(sharedConfigFiles=[str(config)], profile="there", assumeRoles=[{"roleArn": ROLE}])

    assert session.resolve_region(settings) == "eu-north-1"


def test_files_of_the_configuration_are_read(emulator: Emulator, tmp_path: Path) -> None:
    """A profile is looked for in the file that is named, not in that of the environment."""
    file = tmp_path / "credentials"
    file.write_text("[there]\naws_access_key_id = AKIA111122223333ABCD\naws_secret_access_key = x\n", "utf-8")

    assert account(emulator, sharedCredentialsFiles=json.dumps([str(file)]), profile="there") == (
        "111122223333"
    )


def test_the_region_of_sts(emulator: Emulator) -> None:
    """Both the role and the account are asked for where the configuration says."""
    account(emulator, accessKey="test", secretKey="x", stsRegion="eu-west-3", assumeRoles=[{"roleArn": ROLE}])

    assert {call.region for call in emulator.control.calls()} == {"eu-west-3"}


@pytest.mark.usefixtures("emulator")
def test_the_way_to_aws_holds_for_roles_too() -> None:
    """Endpoints of FIPS, dual stack and a proxy are the session's, whoever calls."""
    config = {"useFipsEndpoint": "true", "useDualstackEndpoint": True, "httpsProxy": "http://proxy:3128"}
    settings = read(accessKey="test", secretKey="x", assumeRoles=[{"roleArn": ROLE}], **config)

    client: Any = session.connect(settings, REGION).redshift

    assert client.meta.endpoint_url == f"https://redshift-fips.{REGION}.api.aws"
    assert client.meta.config.proxies == {"https": "http://proxy:3128"}


def test_roles_are_assumed_through_the_proxy(emulator: Emulator) -> None:
    """Neither the role nor the account is asked for past the proxy that is configured."""
    nowhere = [{"sts": "http://sts.invalid", "redshift": "http://redshift.invalid"}]
    settings = read(
        accessKey="test",
        secretKey="x",
        endpoints=nowhere,
        httpProxy=emulator.url,
        assumeRoles=[{"roleArn": ROLE}],
    )

    assert session.connect(settings, REGION).account_id() == "444455556666"


class Metadata(BaseHTTPRequestHandler):
    """What an EC2 instance answers to who asks for its role's credentials."""

    def do_GET(self) -> None:
        """Give the role's name, and its credentials."""
        keys = {
            "Code": "Success",
            "AccessKeyId": "ASIA111122223333ROLE",
            "SecretAccessKey": "x",
            "Token": "x",
            "Expiration": "2999-01-01T00:00:00Z",
        }
        named = self.path.endswith("/the-role")
        body = json.dumps(keys).encode() if named else b"the-role"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_GET  # noqa: N815 - the base class looks for it by this name

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the metadata service of an instance."""
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_role_of_an_instance(emulator: Emulator, instance: str) -> None:
    """It is asked for where the configuration says, and not at all where it says so."""
    assert account(emulator, ec2MetadataServiceEndpoint=instance) == "111122223333"
    with pytest.raises(NoAnswerError, match="Unable to locate credentials"):
        account(emulator, ec2MetadataServiceEndpoint=instance, skipMetadataApiCheck="true")


# --- what is refused ---


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"assumeRoles": [{"roleArn": ROLE, "sessionname": "x"}]}, "there is no field 'sessionname'"),
        ({"assumeRoles": [{"roleArn": ROLE, "policy": "{"}]}, "policy must be an IAM policy in JSON"),
        ({"assumeRoles": [{"roleArn": ROLE, "policyArns": "arn"}]}, "policyArns must be a list of strings"),
        ({"assumeRoles": [{"roleArn": ROLE, "externalId": True}]}, "externalId must be a string"),
        ({"assumeRoles": [{"roleArn": ROLE, "duration": "soon"}]}, "duration must be a length of time"),
        ({"assumeRoles": [{"roleArn": ROLE, "durationSeconds": "soon"}]}, "duration must be a length"),
        ({"assumeRoles": [{}]}, "a roleArn is needed"),
        ({"assumeRoles": [{"roleArn": ROLE}], "assumeRole": {"roleArn": OTHER}}, "two ways to say the same"),
        ({"assumeRoles": "[" * 100_000}, "aws:assumeRoles is not valid JSON"),
        ({"assumeRoleWithWebIdentity": {"roleArn": ROLE}}, "needs either webIdentityToken or"),
        ({"assumeRoleWithWebIdentity": [{"roleArn": ROLE}] * 2}, "takes one role"),
        ({"sharedCredentialsFiles": ["/a", "/b"]}, "names 2 files"),
        ({"sharedCredentialsFiles": ["/there/is/none"]}, "there is no such file"),
        ({"sharedConfigFiles": "/there/is/none"}, "there is no such file"),
        ({"customCaBundle": "/there/is/none"}, "there is no such file"),
        ({"accessKey": "test"}, "belong together"),
        ({"token": "test"}, "belong together"),
        ({"useFipsEndpoint": "yes"}, "must be true or false"),
        ({"endpoints": [{"redshift": 5}]}, "the endpoint of redshift must be a URL"),
        ({"endpoints": [{"sso": "https://sso"}]}, "AWS_ENDPOINT_URL_SSO"),
        ({"allowedAccountIds": ["dev"]}, "account numbers of 12 digits"),
        ({"allowedAccountIds": [True]}, "account numbers of 12 digits"),
        ({"allowedAccountIds": "11122223333"}, "account numbers of 12 digits, in quotes"),
        ({"forbiddenAccountIds": [1402433619]}, "account numbers of 12 digits, in quotes"),
        ({"forbiddenAccountIds": ["111122223333", 83]}, "account numbers of 12 digits, in quotes"),
        (
            {"defaultTags": {"tags": {"ephemeral": None}}},
            "the tag 'ephemeral' must be a string, and it is null",
        ),
        ({"defaultTags": {"tags": {"ephemeral": ["x"]}}}, "and it is a list"),
        ({"defaultTags": {"team": "data"}}, "there is no field 'team'"),
        ({"defaultTags": '{"tags": {"n": ' + "9" * 400 + "}}"}, "must be a string"),
    ],
    ids=repr,
)
def test_a_value_that_cannot_be_meant_is_refused(config: dict[str, Any], said: str) -> None:
    """Nothing is guessed, dropped or cut: the message names the key."""
    with pytest.raises(ConfigError, match=re.escape(said)) as refused:
        read(**config)
    assert f"aws:{next(iter(config))}" in str(refused.value)


@pytest.mark.parametrize(
    ("given", "written"),
    [(True, "true"), (False, "false"), (5, "5"), (5.0, "5"), (1.5, "1.5"), ("True", "True"), ("", "")],
    ids=repr,
)
def test_a_tag_is_what_was_written(given: Any, written: str) -> None:
    """`config set --path … true` makes a boolean, and a rule for "true" is to match it."""
    assert read(defaultTags=json.dumps({"tags": {"ephemeral": given}})).default_tags == (
        ("ephemeral", written),
    )


def test_an_account_may_be_a_number() -> None:
    """One of twelve digits is what was written."""
    assert read(allowedAccountIds="[111122223333]").only_account == "111122223333"
    assert read(allowedAccountIds="111122223333").only_account == "111122223333"


def test_no_credential_is_printed() -> None:
    """Whoever prints the settings, or a part of them, prints no secret."""
    settings = read(
        accessKey="k",
        secretKey="hush",
        assumeRoleWithWebIdentity={"roleArn": ROLE, "webIdentityToken": "hush"},
    )

    assert "hush" not in f"{settings!r} {settings.web_identity!r}"

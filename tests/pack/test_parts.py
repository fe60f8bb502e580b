"""The parts of the pack by themselves: values, accounts, settings, standing, and what it may import."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pulumi_policy as sdk
import pytest
from hypothesis import given
from hypothesis import strategies as some
from pulumi_policy import proxy

from redshift_pack import final_snapshot, honest
from redshift_pack.currency import compare
from redshift_pack.rule import Case
from redshift_pack.settings import PACK_FOLDER, PackSettings, SettingsError
from redshift_pack.standing import policy_of, standing_of
from redshift_pack.subject import subject_of
from redshift_pack.values import UNKNOWN, decoded, plain, plain_properties
from redshift_teardown.deletion_policy import Policy, loads, to_json
from tests.pack.clusters import AWS, NATIVE, OWNED
from tests.pack.wire import PACK, POLICIES, Wired

if TYPE_CHECKING:
    from pathlib import Path

SENTINELS = [
    value for name, value in vars(proxy).items() if name.startswith("UNKNOWN_") and name.endswith("_VALUE")
]


def holds_sentinel(value: object) -> bool:
    """Whether anything in a plain value is the SDK's mark of what is not known."""
    if isinstance(value, dict):
        return any(holds_sentinel(item) for item in value.values())
    if isinstance(value, list):
        return any(holds_sentinel(item) for item in value)
    return value in SENTINELS


JSON = some.recursive(
    some.none() | some.booleans() | some.floats(allow_nan=False) | some.text() | some.sampled_from(SENTINELS),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(), inner, max_size=4),
    max_leaves=20,
)


@given(some.dictionaries(some.text(), JSON, max_size=5))
def test_reading_properties_never_raises_and_leaves_no_sentinel(properties: dict[str, Any]) -> None:
    """Behind the SDK's proxy every single access may raise; read through `plain` none does, at any depth."""
    read = plain_properties(proxy.unknown_checking_proxy(properties))

    assert set(read) == set(properties)
    assert not holds_sentinel(read)
    assert read == plain_properties(properties)


def test_unknown_is_neither_true_nor_false() -> None:
    """A condition that forgets to ask `is UNKNOWN` fails loudly in every test that gets there."""
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(UNKNOWN)


def test_redacted_secret_is_unknown() -> None:
    """`policy analyze --file` writes the same text for every secret, whatever its type was."""
    assert plain({"a": "[secret]", "b": ["[secret]", 1]}) == {"a": UNKNOWN, "b": [UNKNOWN, 1]}


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ('["1"]', ["1"]),
        ('{"a": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}', {"a": UNKNOWN}),
        ("[no json", "[no json"),
        ("text", "text"),
        (UNKNOWN, UNKNOWN),
    ],
)
def test_settings_of_a_provider_are_read_from_their_json(value: object, meant: object) -> None:
    """Pulumi keeps lists and objects of a provider resource as JSON text."""
    assert decoded(value) == meant


def resource(kind: str, props: dict[str, Any], provider: dict[str, Any] | None = None) -> sdk.PolicyResource:
    """A resource as the SDK gives it."""
    options = sdk.PolicyResourceOptions(
        protect=False,
        ignore_changes=[],
        delete_before_replace=None,
        aliases=[],
        custom_timeouts=sdk.PolicyCustomTimeouts(0, 0, 0),
        additional_secret_outputs=[],
    )
    urn = Wired(type=kind, name="warehouse").urn
    of = sdk.PolicyProviderResource("", proxy.unknown_checking_proxy(provider), "", "") if provider else None
    return sdk.PolicyResource(
        kind, proxy.unknown_checking_proxy(props), urn, "warehouse", options, of, None, [], {}
    )


UNKNOWN_TEXT = proxy.UNKNOWN_STRING_VALUE
ROLE = '{"roleArn": "arn:aws:iam::444455556666:role/x"}'


@pytest.mark.parametrize(
    ("kind", "props", "provider", "account"),
    [
        (
            OWNED,
            {"identity": {"account_id": "111122223333"}, "policy": {"account": "444455556666"}},
            None,
            "1111",
        ),
        (OWNED, {"policy": {"account": "444455556666"}}, None, "4444"),
        (OWNED, {"policy": {"account": ""}}, None, None),
        (OWNED, {"policy": UNKNOWN_TEXT, "identity": UNKNOWN_TEXT}, None, None),
        (OWNED, {"policy": {}}, {"allowedAccountIds": '["444455556666"]'}, None),
        (AWS, {"arn": "arn:aws:redshift:eu-central-1:111122223333:cluster:a"}, {"assumeRole": ROLE}, "1111"),
        (AWS, {"arn": UNKNOWN_TEXT}, {"assumeRole": ROLE}, "4444"),
        (AWS, {}, {"allowedAccountIds": '["111122223333"]', "assumeRole": ROLE}, "1111"),
        (AWS, {}, {"allowedAccountIds": ["111122223333"]}, "1111"),
        (AWS, {}, {"allowedAccountIds": "[]", "assumeRoles": f"[{ROLE}]"}, "4444"),
        (AWS, {}, {"allowedAccountIds": UNKNOWN_TEXT, "assumeRole": ROLE}, None),
        (AWS, {}, {"allowedAccountIds": f'["{UNKNOWN_TEXT}"]'}, None),
        (AWS, {}, {"allowedAccountIds": '["mine"]'}, None),
        (AWS, {}, {"assumeRoles": UNKNOWN_TEXT}, None),
        (AWS, {}, {"region": "eu-central-1"}, None),
        (AWS, {}, None, None),
        (NATIVE, {}, {"assumeRole": ROLE}, "4444"),
    ],
)
def test_account_is_what_aws_said_else_what_the_provider_is_bound_to(
    kind: str, props: dict[str, Any], provider: dict[str, Any] | None, account: str | None
) -> None:
    """What cannot be known, or names no single account, is no account."""
    subject = subject_of(resource(kind, props, provider))

    assert subject is not None
    assert (subject.account or "")[:4] == (account or "")


@pytest.mark.parametrize(
    ("kind", "props", "is_cluster"),
    [
        ("pulumi-python:dynamic:Resource", {"state_version": 1, "on_destroy": "x"}, True),
        ("pulumi-python:dynamic/acme:Warehouse", {"state_version": UNKNOWN_TEXT, "on_destroy": "x"}, True),
        ("pulumi-python:dynamic:Resource", {"state_version": 1}, False),
        ("pulumi-python:dynamic:Resource", {}, False),
        ("aws:s3/bucket:Bucket", {"state_version": 1, "on_destroy": "x"}, False),
        ("aws:redshift/clusterSnapshot:ClusterSnapshot", {}, False),
    ],
)
def test_owned_cluster_is_known_by_what_only_it_records(
    kind: str, props: dict[str, Any], *, is_cluster: bool
) -> None:
    """Whatever type token a subclass has; and nothing else is taken for one."""
    assert (subject_of(resource(kind, props)) is not None) is is_cluster


def test_settings_are_relative_to_the_pack() -> None:
    """A policy file is found beside the pack, and shown as a reader would write it."""
    settings = PackSettings.read({"policyFile": "rules/live.yaml", "account": "111122223333"}, own={})

    assert settings.policy_file == PACK_FOLDER / "rules/live.yaml"
    assert settings.source == "policy/rules/live.yaml"
    assert settings.account == "111122223333"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("minimumDay", "unknown setting 'minimumDay'; did you mean 'minimumDays'?"),
        (
            "zzz",
            "unknown setting 'zzz'; this policy knows policyFile, productionStacks, productionAccounts, ",
        ),
    ],
)
def test_unknown_setting_is_refused_with_the_known_ones(key: str, said: str) -> None:
    """The engine lets unknown keys through; here they are errors."""
    with pytest.raises(SettingsError) as caught:
        PackSettings.read({key: 1}, own={"minimumDays": {}})

    assert said in str(caught.value)


def three() -> Policy:
    """The policy file of these tests."""
    return policy_of(PackSettings(policy_file=POLICIES / "three.yaml", source="three.yaml"))


@pytest.mark.parametrize(
    ("stack", "account", "settings", "production"),
    [
        ("prod", None, {}, True),
        ("prod-eu", "444455556666", {}, True),
        ("dev", "111122223333", {}, True),
        ("dev", "444455556666", {}, False),
        ("dev", "999900001111", {}, False),
        ("dev", None, {}, None),
        ("staging", None, {}, None),
        ("staging", "999900001111", {}, False),
        ("unheard-of", "999900001111", {}, True),
        ("unheard-of", "444455556666", {}, False),
        ("dev", "444455556666", {"production_stacks": ("de*",)}, True),
        ("dev", "444455556666", {"production_stacks": ("DEV",)}, True),
        ("dev", "444455556666", {"production_stacks": ("D[!X-Z]*",)}, True),
        ("dev", "444455556666", {"production_stacks": ("live", "prod")}, False),
        ("dev", "444455556666", {"production_accounts": ("444455556666",)}, True),
        ("dev", "444455556666", {"production_accounts": ("111122223333",)}, False),
    ],
)
def test_standing_of_stack_and_account(
    stack: str, account: str | None, settings: dict[str, Any], *, production: bool | None
) -> None:
    """Protected is production; configuration adds to it and never takes away; in doubt it is undecided."""
    standing = standing_of(three(), PackSettings(**settings), stack=stack, account=account)

    assert standing.production is production
    assert standing.may_be_production is (production is not False)
    assert bool(standing.doubt) is (production is None)


LOOSE = """\
version: 1
environments:
  production:
    stacks: [prod]
    skip: [{when: {tags: {team: data}}, because: looks harmless}]
"""


def case(stack: str, props: dict[str, Any]) -> Case:
    """An owned cluster, judged by the policy file of these tests."""
    subject = subject_of(resource(OWNED, props))
    assert subject is not None
    standing = standing_of(three(), PackSettings(), stack=stack, account="999900001111")
    return Case(subject, standing, three(), PackSettings())


@pytest.mark.parametrize(("tags", "skips"), [({"team": "data"}, True), ({}, False)])
def test_rules_are_asked_about_the_facts_that_a_destroy_goes_by(tags: dict[str, str], *, skips: bool) -> None:
    """The stack's default tags are no argument of the cluster, and a destroy counts them all the same."""
    rules = to_json(loads(LOOSE, source="loose.yaml").environments[0])
    policy = {"rules": rules, "facts": {"tags": tags}}

    found = list(final_snapshot.judge(case("prod", {"tags": {}, "policy": policy})))

    assert bool(found) is skips


@pytest.mark.parametrize(
    "props",
    [
        {"tags": {"environment": "production"}},
        {"tags_all": {"Environment": "production"}},
        {"policy": {"facts": {"tags": {"env": "prod"}}}},
    ],
    ids=["the cluster's", "AWS's", "the stack's"],
)
def test_every_tag_that_names_production_counts(props: dict[str, Any]) -> None:
    """The cluster's own, those that it had when it was adopted, and the stack's default tags."""
    found = [finding.what for finding in honest.judge(case("staging", props))]

    assert any("is tagged" in what for what in found)
    assert list(honest.judge(case("staging", {"tags_all": {"environment": "staging"}}))) == []


def test_production_accounts_of_the_configuration_raise_the_same_doubt() -> None:
    """Where a file has no accounts, the configuration's make an unknown one a doubt."""
    policy = loads(
        "version: 1\nenvironments: {dev: {stacks: [dev], skip: [{when: {always: true}, because: x}]}}\n",
        source="plain.yaml",
    )

    without = standing_of(policy, PackSettings(), stack="dev", account=None)
    with_accounts = standing_of(
        policy, PackSettings(production_accounts=("111122223333",)), stack="dev", account=None
    )

    assert (without.production, with_accounts.production) == (False, None)


def test_policy_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """A pack that is kept running sees the file as it is."""
    file = tmp_path / "rules.yaml"
    settings = PackSettings(policy_file=file, source="rules.yaml")
    file.write_text("version: 1\nenvironments: {production: {stacks: [a]}}\n")
    before = policy_of(settings)
    file.write_text("version: 1\nenvironments: {production: {stacks: [a, b]}}\n")

    assert [policy.environments[0].stacks for policy in (before, policy_of(settings))] == [("a",), ("a", "b")]


def test_order_of_skip_rules_is_a_difference() -> None:
    """The first rule that holds decides and gives the reason, so order matters."""
    dev = next(environment for environment in three().environments if environment.name == "dev")
    turned = type(dev)(**{**dev.__dict__, "skip": tuple(reversed(dev.skip))})

    assert str(compare(turned, dev)) == "different: skip rules in another order"


def test_pack_imports_nothing_of_the_product_but_the_deletion_policy_and_readers() -> None:
    """The pack is published on its own: the resource, the provider and boto3 are no part of it."""
    allowed = {
        f"redshift_teardown.{name}"
        for name in (
            "deletion_policy",
            "deletion_policy.reading",
            "errors",
            "escaping",
            "engine.exported_state",
            "engine.urn",
            "input_file",
        )
    }
    foreign = {"boto3", "botocore", "pulumi", "pulumi_aws", "yaml"}
    for file in [PACK / "__main__.py", *(PACK / "redshift_pack").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert not name.startswith("redshift_teardown") or name in allowed, f"{file.name}: {name}"
                assert name.partition(".")[0] not in foreign, f"{file.name}: {name}"

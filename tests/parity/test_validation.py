"""What AWS would refuse is told in preview: all of it, on its property, and nothing else.

``check`` is held against the emulator's CreateCluster in both directions: what it lets through is accepted,
and what it refuses is refused there as well, or stands on a list with its reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redshift_teardown.aws.arguments import ARGUMENTS, BY_NAME, Kind
from redshift_teardown.deletion_policy.facts import PULUMI_UNKNOWN
from redshift_teardown.lifecycle.check import check
from redshift_teardown.lifecycle.create import create
from redshift_teardown.lifecycle.validation import validate
from tests.long import ALL
from tests.parity.bench import Bench, Invalid, bench, wire

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = "arn:aws:iam::111122223333:role/load"
GOOD: dict[str, Any] = {
    "cluster_identifier": "warehouse",
    "node_type": "ra3.xlplus",
    "number_of_nodes": 2,
    "master_username": "admin",
    "master_password": "Correct-Horse-1",
}
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    # property, what the program says, and a part of what it is told
    *(
        ("cluster_identifier", {"cluster_identifier": name}, "not a name AWS accepts")
        for name in ("1abc", "a--b", "abc-", "a_b", "a" * 64, "ä", "a b")
    ),
    ("cluster_identifier", {"cluster_identifier": None}, "is missing"),
    ("cluster_identifier", {"cluster_identifier": ""}, "is missing"),
    ("node_type", {"node_type": None}, "is missing"),
    ("node_type", {"node_type": "ra3.huge"}, "AWS has no node type"),
    ("node_type", {"node_type": "large"}, "is not a node type"),
    ("number_of_nodes", {"number_of_nodes": 33}, "has 1 to 32 nodes, not 33"),
    ("number_of_nodes", {"node_type": "ra3.4xlarge", "number_of_nodes": 1}, "has 2 to 128 nodes, not 1"),
    ("number_of_nodes", {"node_type": "dc2.8xlarge", "number_of_nodes": None}, "has 2 to 128 nodes, not 1"),
    ("database_name", {"database_name": "1sales"}, "not a name AWS accepts"),
    ("database_name", {"database_name": "table"}, "no reserved word"),
    ("database_name", {"database_name": "a" * 65}, "1 to 64"),
    ("master_username", {"master_username": None}, "is missing"),
    ("master_username", {"master_username": "Admin"}, "lower-case"),
    ("master_username", {"master_username": "public"}, "no reserved word"),
    ("master_username", {"master_username": "a:b"}, "not a name AWS accepts"),
    ("", {"master_password": "Short-1"}, "master_password must have 8 to 64 characters"),
    ("", {"master_password": "a" * 60 + "A1" + "bcd"}, "master_password must have 8 to 64 characters"),
    ("", {"master_password": "no-capitals-1"}, "master_password must contain an upper-case letter"),
    ("", {"master_password": "NO-SMALL-ONES-1"}, "master_password must contain a lower-case letter"),
    ("", {"master_password": "No-Digits-At-All"}, "master_password must contain a digit"),
    ("", {"master_password": "With@Sign-1234"}, "without / @ \" ' \\ and space"),
    ("", {"master_password": "Grün-Und-Gut-1"}, "only printable ASCII"),
    ("manage_master_password", {"master_password": None}, "there is no password"),
    ("manage_master_password", {"manage_master_password": True}, "conflicts with master_password"),
    (
        "master_password_secret_kms_key_id",
        {"master_password_secret_kms_key_id": "alias/x"},
        "needs manage_master_password=True",
    ),
    (
        "automated_snapshot_retention_period",
        {"automated_snapshot_retention_period": 0},
        "cannot be turned off",
    ),
    ("automated_snapshot_retention_period", {"automated_snapshot_retention_period": 36}, "0 to 35 days"),
    (
        "manual_snapshot_retention_period",
        {"manual_snapshot_retention_period": 0},
        "-1 (forever) or 1 to 3653",
    ),
    ("manual_snapshot_retention_period", {"manual_snapshot_retention_period": 3654}, "1 to 3653"),
    ("port", {"port": 5000}, "5431-5455 or 8191-8215"),
    ("port", {"node_type": "dc2.large", "port": 1149}, "must be 1150 to 65535"),
    ("port", {"node_type": "dc2.large", "port": 65536}, "must be 1150 to 65535"),
    ("preferred_maintenance_window", {"preferred_maintenance_window": "sunday 3am"}, "ddd:hh:mm-ddd:hh:mm"),
    (
        "preferred_maintenance_window",
        {"preferred_maintenance_window": "sun:03:00-sun:03:15"},
        "shorter than 30 minutes",
    ),
    ("elastic_ip", {"elastic_ip": "52.1.2.3"}, "needs publicly_accessible=True"),
    ("vpc_security_group_ids", {"vpc_security_group_ids": ["default"]}, "not a security group's id"),
    ("availability_zone", {"availability_zone": "eu-west-1a"}, "is not in region us-east-1"),
    ("multi_az", {"multi_az": True, "number_of_nodes": 1}, "at least 2"),
    ("multi_az", {"multi_az": True, "node_type": "dc2.large"}, "needs RA3 nodes"),
    (
        "availability_zone_relocation_enabled",
        {"node_type": "dc2.large", "availability_zone_relocation_enabled": True},
        "needs RA3 nodes, not dc2.large",
    ),
    ("kms_key_id", {"encrypted": "false", "kms_key_id": "alias/x"}, "needs encrypted to be true"),
    ("iam_roles", {"iam_roles": ["load"]}, "not a role's ARN"),
    ("iam_roles", {"iam_roles": [f"{ROLE}{n}" for n in range(51)]}, "allows 50 roles"),
    ("default_iam_role_arn", {"default_iam_role_arn": ROLE}, "needs iam_roles"),
    ("default_iam_role_arn", {"default_iam_role_arn": ROLE, "iam_roles": [f"{ROLE}2"]}, "must be one of"),
    ("cluster_version", {"cluster_version": "2.0"}, "must be '1.0'"),
    ("tags", {"tags": {"aws:x": "1"}}, "AWS's own"),
    ("tags", {"tags": {"a": "$"}}, "AWS allows letters"),
    ("tags", {"tags": {"a": "x" * 257}}, "a value at most 256"),
    ("tags", {"tags": {"k" * 129: "x"}}, "1 to 128 characters"),
    ("tags", {"tags": {f"k{n}": "x" for n in range(51)}}, "tags are allowed"),
]
STRICTER: list[tuple[str, dict[str, Any], str, str]] = [
    # … and why, though CreateCluster would take it, or is not told of it
    (
        "cluster_identifier",
        {"cluster_identifier": "Warehouse"},
        "lower-case",
        "as in pulumi-aws: AWS lower-cases",
    ),
    ("cluster_type", {"cluster_type": "double-node"}, "must be", "CreateCluster is told by number_of_nodes"),
    (
        "cluster_type",
        {"cluster_type": "single-node"},
        "contradicts",
        "CreateCluster is told by number_of_nodes",
    ),
    (
        "multi_az",
        {"multi_az": True, "availability_zone_relocation_enabled": True},
        "conflicts with",
        "as in pulumi-aws",
    ),
    ("number_of_nodes", {"number_of_nodes": 0}, "at least 1", "0 is no number of nodes"),
    (
        "number_of_nodes",
        {"cluster_type": "multi-node", "number_of_nodes": None},
        "at least 2",
        "CreateCluster is told by number_of_nodes",
    ),
    ("tags", {"tags": {"redshift-teardown:x": "1"}}, "this package's own", "they are ours to read"),
    ("tags", {"tags": {f"k{n}": "x" for n in range(50)}}, "49 tags", "one is needed while it is created"),
    (
        "final_snapshot_identifier",
        {"final_snapshot_identifier": "a_b"},
        "a snapshot identifier holds only",
        "DeleteCluster's to refuse",
    ),
    ("snapshot_arn", {"snapshot_arn": "x"}, "is not a snapshot's ARN", "Restore's to refuse"),
    ("owner_account", {"owner_account": "me"}, "12 digits", "Restore's to refuse"),
    ("aqua_configuration_status", {"aqua_configuration_status": "on"}, "must be", "as in pulumi-aws"),
    ("", {"master_password_wo": "Correct-Horse-1"}, "conflicts with master_password", "only one is sent"),
    (
        "master_password_wo_version",
        {"master_password": None, "master_password_wo": "Correct-Horse-1"},
        "is required with",
        "as in pulumi-aws",
    ),
    (
        "snapshot_arn",
        {"snapshot_identifier": "a", "snapshot_arn": "arn:aws:redshift:us-east-1:111122223333:snapshot:a/b"},
        "conflicts with",
        "Restore's to refuse",
    ),
    (
        "restore_final_snapshot",
        {"snapshot_identifier": "a", "restore_final_snapshot": True},
        "conflicts with",
        "two sources",
    ),
]
FORMS: list[tuple[str, Any, str]] = [
    ("number_of_nodes", "2", "must be a whole number"),
    ("number_of_nodes", 2.5, "must be a whole number"),
    ("number_of_nodes", float("inf"), "must be a whole number"),
    ("port", True, "must be a whole number"),
    ("multi_az", "yes", "must be true or false"),
    ("encrypted", "on", 'must be "true" or "false"'),
    ("iam_roles", ROLE, "must be a list of strings"),
    ("tags", ["a"], "must be a map of strings"),
    ("tags", {"a": 1}, "must be a map of strings"),
    ("node_type", 3, "must be text"),
]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """An AWS for the tests of this module."""
    with bench(tmp_path_factory.mktemp("validation")) as made:
        yield made


def failures(stack: Bench, **arguments: Any) -> list[tuple[str, str]]:
    """What ``check`` says of a new cluster."""
    program = {
        key: value for key, value in stack.program(**{**GOOD, **arguments}).items() if value is not None
    }
    return [(each.property, each.reason) for each in check({}, wire(program), stack.settings)[1]]


def takes(stack: Bench, **arguments: Any) -> str:
    """What AWS says of a new cluster without ``check`` before it; empty where it takes it."""
    stack.reset()
    inputs, _ = check({}, wire(stack.program(**{**GOOD, **arguments})), stack.settings)
    inputs = {key: value for key, value in inputs.items() if value is not None}
    inputs.setdefault("policy", stack.checked()["policy"])
    result = stack.run(lambda: create(inputs, stack.settings))
    return result.said


@pytest.mark.parametrize(("name", "arguments", "words"), REFUSED, ids=str)
def test_what_aws_refuses_is_refused_in_preview(
    aws: Bench, name: str, arguments: dict[str, Any], words: str
) -> None:
    """On its property, in words that say what to write; and AWS refuses it indeed."""
    aws.reset()
    found = failures(aws, **arguments)

    assert [each for each in found if each[0] == name and words in each[1]] != [], found
    if arguments.get("cluster_identifier", "x"):
        assert takes(aws, **arguments) != ""


@pytest.mark.parametrize(("name", "arguments", "words", "reason"), STRICTER, ids=str)
def test_what_is_refused_for_a_reason_of_its_own(
    aws: Bench, name: str, arguments: dict[str, Any], words: str, reason: str
) -> None:
    """CreateCluster would not refuse these; each has its reason."""
    aws.reset()
    assert [each for each in failures(aws, **arguments) if each[0] == name and words in each[1]] != []
    assert reason != ""


@pytest.mark.parametrize(("name", "value", "words"), FORMS, ids=str)
def test_a_value_of_another_form_is_refused(aws: Bench, name: str, value: Any, words: str) -> None:
    """A text where a number belongs, and the like; nothing else is said about that property."""
    aws.reset()
    found = [reason for property_, reason in failures(aws, **{name: value}) if property_ == name]
    assert len(found) == 1
    assert words in found[0]


def test_all_failures_come_at_once(aws: Bench) -> None:
    """A program with many mistakes is told all of them, each on its property."""
    aws.reset()
    found = failures(
        aws,
        cluster_identifier="Warehouse",
        node_type="ra3.huge",
        master_username="Admin",
        port=1,
        automated_snapshot_retention_period=99,
        tags={"aws:x": "$"},
        preferred_maintenance_window="never",
    )
    assert sorted(name for name, _ in found) == [
        "automated_snapshot_retention_period",
        "cluster_identifier",
        "master_username",
        "node_type",
        "port",
        "preferred_maintenance_window",
        "tags",
    ]


@pytest.mark.parametrize("secret", ["master_password", "master_password_wo"])
def test_no_password_is_told(aws: Bench, secret: str) -> None:
    """Whatever is wrong with a password, the message does not hold it."""
    aws.reset()
    for password in ("short", "no-capitals-in-here", "With Space And 1", "x" * 70):
        arguments = {"master_password": None, secret: password, "master_password_wo_version": 1}
        found = failures(aws, **arguments)
        assert found != []
        assert [reason for _, reason in found if password in reason] == []
        assert [name for name, _ in found if name == secret] == []


@pytest.mark.parametrize("name", [argument.name for argument in ARGUMENTS])
def test_an_unknown_value_is_never_judged(name: str) -> None:
    """A value that preview cannot know yet is no failure, neither of its own nor of another argument."""
    assert [each for each in validate({**GOOD, name: PULUMI_UNKNOWN}) if each.property == name] == []
    everything = {argument.name: PULUMI_UNKNOWN for argument in ARGUMENTS}
    assert validate(everything) == []
    items: Any = {Kind.STRINGS: [PULUMI_UNKNOWN], Kind.TAGS: {"a": PULUMI_UNKNOWN}}
    inner = items.get(BY_NAME[name].kind, PULUMI_UNKNOWN)
    assert [each for each in validate({**GOOD, name: inner}) if each.property == name] == []


def test_a_living_cluster_may_keep_what_none_begins_with(aws: Bench) -> None:
    """An old cluster with a reserved name goes on; only a new one is refused."""
    old = {**GOOD, "encrypted": "false", "database_name": "table", "default_iam_role_arn": ROLE}
    assert {each.property for each in validate(old)} == {"database_name", "default_iam_role_arn"}
    assert validate(old, creating=False) == []
    assert validate({**old, "adopt_existing": True}) == []
    aws.reset()
    assert check({"urn": "x"}, wire(aws.program(**old)), aws.settings)[1] == []


# --- whatever is let through is accepted ----------------------------------------------------------


def often(good: Any, bad: Any) -> Any:
    """Mostly a value that will do, sometimes one that will not."""
    return st.one_of(good, good, good, bad)


NAMES = st.text("abz09-_ $AZü", min_size=1, max_size=8)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "cluster_identifier": often(st.sampled_from(["a", "abc-1", "a" * 63]), NAMES),
    "node_type": st.sampled_from(
        [
            "dc2.large",
            "dc2.8xlarge",
            "ra3.large",
            "ra3.xlplus",
            "ra3.4xlarge",
            "rg.large",
            "RG.xlarge",
            "ra3.x",
        ]
    ),
    "master_username": often(st.sampled_from(["admin", "a.b@c", "user"]), NAMES),
    "number_of_nodes": st.sampled_from([1, 2, 3, 16, 17, 32, 33, 100, 101, 128, 129, 0, -1]),
    "cluster_type": st.sampled_from(["single-node", "multi-node"]),
    "master_password": often(st.just("Correct-Horse-1"), st.text("aA1-/@ \\\"'é~!", min_size=6, max_size=12)),
    "manage_master_password": st.booleans(),
    "master_password_secret_kms_key_id": st.just("alias/x"),
    "database_name": often(st.sampled_from(["dev", "_x", "Sales$1"]), st.one_of(NAMES, st.just("order"))),
    "encrypted": st.sampled_from([True, "true", "True", "false", False]),
    "kms_key_id": st.just("alias/data"),
    "multi_az": st.booleans(),
    "availability_zone": st.sampled_from(["us-east-1a", "us-east-1b", "eu-west-1a"]),
    "availability_zone_relocation_enabled": st.booleans(),
    "allow_version_upgrade": st.booleans(),
    "automated_snapshot_retention_period": st.sampled_from([0, 1, 35, 36, -1]),
    "manual_snapshot_retention_period": st.sampled_from([-1, 0, 1, 3653, 3654, -2]),
    "cluster_version": st.sampled_from(["1.0", "1.1"]),
    "elastic_ip": st.just("52.1.2.3"),
    "enhanced_vpc_routing": st.booleans(),
    "iam_roles": st.lists(st.sampled_from([ROLE, f"{ROLE}2", "load"]), max_size=3),
    "default_iam_role_arn": st.sampled_from([ROLE, f"{ROLE}2"]),
    "maintenance_track_name": st.sampled_from(["current", "trailing", ""]),
    "port": st.sampled_from([5439, 5431, 5455, 5456, 8191, 8215, 8216, 1149, 1150, 65535, 65536]),
    "preferred_maintenance_window": often(
        st.sampled_from(["sun:23:45-mon:00:15", "SAT:03:00-sat:04:00"]),
        st.sampled_from(["sat:03:00-sat:03:29", "mon:24:00-mon:25:00", "x", "sun:23:45-sun:23:45"]),
    ),
    "publicly_accessible": st.booleans(),
    "vpc_security_group_ids": st.lists(st.sampled_from(["sg-1", "sg-2", "default"]), max_size=3),
    "tags": st.dictionaries(
        often(st.text("abz:. ", min_size=1, max_size=5), st.text(max_size=4)),
        often(st.text("ab=+-@ü½", max_size=5), st.text(max_size=4)),
        max_size=3,
    ),
    "final_snapshot_identifier": often(st.just("Last-Words"), NAMES),
    "aqua_configuration_status": st.sampled_from(["auto", "enabled", "on"]),
}
PROGRAMS = (
    st.lists(st.sampled_from(sorted(VALUES)), max_size=5, unique=True)
    .flatmap(lambda names: st.fixed_dictionaries({name: VALUES[name] for name in names}))
    .map(lambda changes: {**GOOD, **changes})
)
"""A good program with up to five arguments of all kinds, good and bad."""
EXAMPLES = 5000 if ALL else 150


def test_what_check_lets_through_create_cluster_accepts(aws: Bench) -> None:
    """Programs of every kind, well-formed and not: none that passes ``check`` is refused by AWS."""
    seen = {"passed": 0, "refused": 0}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(PROGRAMS)
    def holds(program: dict[str, Any]) -> None:
        aws.reset()
        # Whether AWS creates unencrypted clusters is AWS's to say.
        aws.control.set_behaviour(allow_unencrypted=True)
        if program.get("manage_master_password"):
            program = {**program, "master_password": None}
        try:
            checked = aws.checked(**program)
        except Invalid:
            seen["refused"] += 1
            return
        seen["passed"] += 1
        result = aws.run(lambda: create(checked, aws.settings))
        assert result.said == "", program

    holds()
    assert min(seen.values()) > EXAMPLES // 20, seen


def test_the_emulator_refuses_by_itself(aws: Bench) -> None:
    """What the tests above hold ``check`` against is AWS's own answer: CreateCluster, called by hand."""
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        aws.outsider.create_cluster(
            ClusterIdentifier="a--b", NodeType="ra3.xlplus", NumberOfNodes=2, MasterUsername="admin"
        )

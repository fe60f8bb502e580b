"""Whatever the program, whatever was changed outside, whatever is ignored: an `up` does what preview named.

Nothing that preview did not name changes in AWS, and every named setting ends as the program has it, or the
`up` fails and says so; tags by key. Over gRPC, with what Pulumi's serialisation makes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from redshift_teardown.aws.arguments import ARGUMENTS, BY_NAME, Change, comparable, read_arguments, same
from tests.contract.inside import Engine, Shown, inside
from tests.long import ALL
from tests.parity.bench import Bench, bench
from tests.teardown.stage import URN

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.contract

FIXED = settings(
    phases=[Phase.generate],
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
EXAMPLES = 500 if ALL else 50
ROLES = [f"arn:aws:iam::111122223333:role/{name}" for name in ("load", "unload")]
KEYS = [f"arn:aws:kms:us-east-1:111122223333:key/{digit * 8}-1111-1111-1111-{digit * 12}" for digit in "12"]
PROGRAM: dict[str, Any] = {
    "cluster_identifier": "warehouse",
    "node_type": "ra3.xlplus",
    "master_username": "admin",
    "master_password": "Correct-Horse-1",
    "urn": URN,
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "node_type": st.sampled_from(["ra3.xlplus", "ra3.4xlarge", "RA3.XLPlus"]),
    "number_of_nodes": st.integers(1, 4),
    "cluster_type": st.just("multi-node"),
    "database_name": st.just("dev"),
    "master_password": st.sampled_from(["Correct-Horse-1", "Another-One-2"]),
    "manage_master_password": st.sampled_from([False]),
    "master_password_secret_kms_key_id": st.just(KEYS[0]),
    "encrypted": st.sampled_from(["true", True]),
    "kms_key_id": st.sampled_from([*KEYS, "alias/one"]),
    "multi_az": st.booleans(),
    "availability_zone": st.sampled_from(["us-east-1a", "us-east-1b"]),
    "availability_zone_relocation_enabled": st.booleans(),
    "allow_version_upgrade": st.booleans(),
    "automated_snapshot_retention_period": st.integers(1, 3),
    "manual_snapshot_retention_period": st.sampled_from([-1, 3, 4]),
    "cluster_parameter_group_name": st.sampled_from(["tuned", "default.redshift-1.0"]),
    "cluster_subnet_group_name": st.just("default"),
    "cluster_version": st.just("1.0"),
    "elastic_ip": st.sampled_from(["52.1.2.3", "52.1.2.4"]),
    "enhanced_vpc_routing": st.booleans(),
    "iam_roles": st.lists(st.sampled_from(ROLES), unique=True),
    "default_iam_role_arn": st.sampled_from(ROLES),
    "maintenance_track_name": st.sampled_from(["current", "trailing"]),
    "port": st.sampled_from([5439, 5440, 5441]),
    "preferred_maintenance_window": st.sampled_from(["sat:03:00-sat:04:00", "Sun:03:00-Sun:04:00"]),
    "publicly_accessible": st.booleans(),
    "vpc_security_group_ids": st.lists(st.sampled_from(["sg-1", "sg-2"]), unique=True),
    "tags": st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["1", "2"])),
    "region": st.just("us-east-1"),
    "skip_final_snapshot": st.booleans(),
    "final_snapshot_identifier": st.just("by-name"),
    "adopt_existing": st.booleans(),
    "apply_immediately": st.booleans(),
}
UNCHANGED = {
    "cluster_identifier": "a rename has tests of its own: the cluster is another name's then",
    "master_username": "replaces",
    "master_password_wo": "excludes master_password; below, through its version",
    "master_password_wo_version": "excludes master_password",
    "aqua_configuration_status": "never a call",
    "snapshot_identifier": "AWS does not tell",
    "snapshot_arn": "AWS does not tell",
    "snapshot_cluster_identifier": "AWS does not tell",
    "owner_account": "AWS does not tell",
    "restore_final_snapshot": "never a call on a living cluster",
    "environment": "never a call",
}
DRIFT: dict[str, st.SearchStrategy[Any]] = {
    "NumberOfNodes": st.integers(2, 4),
    "NodeType": st.sampled_from(["ra3.xlplus", "ra3.4xlarge"]),
    "Port": st.sampled_from([5439, 5442]),
    "PubliclyAccessible": st.booleans(),
    "EnhancedVpcRouting": st.booleans(),
    "AllowVersionUpgrade": st.booleans(),
    "AutomatedSnapshotRetentionPeriod": st.integers(1, 9),
    "ManualSnapshotRetentionPeriod": st.sampled_from([-1, 9]),
    "PreferredMaintenanceWindow": st.just("mon:03:00-mon:04:00"),
    "MaintenanceTrackName": st.sampled_from(["current", "trailing"]),
    "ClusterParameterGroupName": st.just("tuned"),
    "VpcSecurityGroupIds": st.just(["sg-9"]),
    "AvailabilityZoneRelocation": st.booleans(),
    "KmsKeyId": st.just(KEYS[1]),
    # AWS takes no password then: an `up` that names one fails.
    "ManageMasterPassword": st.just(True),  # noqa: FBT003 - a value
}
FOLLOWS = {
    # What AWS changes with something else: the one is named by naming the other.
    "cluster_type": {"number_of_nodes"},
    "kms_key_id": {"encrypted"},
    "default_iam_role_arn": {"iam_roles"},
    "master_password_secret_kms_key_id": {"manage_master_password"},
    "number_of_nodes": {"cluster_type"},
}


OFTEN = ("number_of_nodes", "node_type", "port", "publicly_accessible", "tags", "master_password")
"""What is changed outside, said and ignored more often than the rest: only together do they tell."""
NAMES = st.one_of(st.sampled_from(OFTEN), st.sampled_from(sorted(VALUES)))


def programs() -> st.SearchStrategy[dict[str, Any]]:
    """A program that says some of its arguments."""
    return (
        st.lists(NAMES, min_size=2, max_size=7, unique=True)
        .flatmap(lambda names: st.fixed_dictionaries({name: VALUES[name] for name in names}))
        .map(lambda said: {**PROGRAM, **said})
    )


def drifts() -> st.SearchStrategy[dict[str, Any]]:
    """Some of what may be changed outside."""
    likely = ("NumberOfNodes", "NodeType", "Port", "PubliclyAccessible", "ManageMasterPassword")
    names = st.one_of(st.sampled_from(likely), st.sampled_from(sorted(DRIFT)))
    return st.lists(names, max_size=5, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({name: DRIFT[name] for name in chosen})
    )


IGNORED = st.lists(
    st.one_of(NAMES, st.sampled_from(["tags.a", "tags.b", "numberOfNodes", "masterPassword"])),
    max_size=3,
    unique=True,
)
OTHERS_TAGS = st.dictionaries(st.sampled_from(["a", "bot", "scan"]), st.sampled_from(["1", "9"]), min_size=1)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench for all examples."""
    with bench(tmp_path_factory.mktemp("named")) as made:
        yield made


def shown_by_aws(stack: Bench) -> dict[str, Any]:
    """Every setting that AWS shows, tags by key."""
    cluster = stack.cluster()
    found = read_arguments(cluster)
    tags = found.pop("tags")
    return {**found, **{f"tags.{key}": value for key, value in tags.items()}}


def wanted(name: str, olds: dict[str, Any], program: dict[str, Any], before: dict[str, Any]) -> Any:
    """What a named setting is to be after an ``up``.

    One that is said no more has its default again; where that is what was said, nothing differs. What was
    never in force, as adoption found another, is left as it is.
    """
    if name.startswith("tags."):
        key = name.removeprefix("tags.")
        left = before.get(name) if key not in (olds.get("tags") or {}) else None
        return (program.get("tags") or {}).get(key, left)
    value = program.get(name)
    if value is None or (name == "vpc_security_group_ids" and value == []):
        default = BY_NAME[name].default
        said = olds.get(name)
        equal = said == default or str(said).lower() == str(default).lower()
        differs = said is not None and default is not None and not equal
        return default if differs else before.get(name)
    return str(value).lower() if name == "encrypted" else value


def is_ignored(name: str, ignoring: list[str]) -> bool:
    """Whether a named setting is to be ignored."""
    paths = {"number_of_nodes" if path == "numberOfNodes" else path for path in ignoring}
    return not paths.isdisjoint({name, name.partition(".")[0]})


def test_every_argument_is_in_this_test() -> None:
    """No argument is left out without a reason."""
    assert set(VALUES) | set(UNCHANGED) == set(BY_NAME)
    assert not set(VALUES) & set(UNCHANGED)


@pytest.mark.timeout(1800)
def test_an_up_changes_what_its_preview_named_and_nothing_else(opened: Bench) -> None:
    """Created or adopted, drifted, refreshed or not, with whatever is ignored."""
    seen = {"done": 0, "refused": 0, "same": 0, "drifted": 0}

    @settings(FIXED, max_examples=EXAMPLES)
    @given(
        first=programs(),
        then=programs(),
        keeps=st.booleans(),
        drift=drifts(),
        others=OTHERS_TAGS,
        adopted=st.booleans(),
        refreshes=st.integers(0, 2),
        ignoring=IGNORED,
    )
    def holds(
        first: dict[str, Any],
        then: dict[str, Any],
        keeps: bool,
        drift: dict[str, Any],
        others: dict[str, str],
        adopted: bool,
        refreshes: int,
        ignoring: list[str],
    ) -> None:
        begin_anew(opened)
        with inside(opened) as provider:
            engine = Engine(opened, provider)
            begun = engine.preview(first)
            if begun.operation != "create" or engine.up(begun) != "":
                return
            disturb(opened, drift, others)
            if adopted:
                engine.inputs, engine.outputs = {}, {}
                taking = engine.preview({**first, **then, "adopt_existing": True})
                if taking.operation != "create" or engine.up(taking) != "":
                    return
            for _ in range(refreshes):
                engine.refresh()
            seen["drifted"] += bool(drift)
            program = {**first, **then} if keeps else then
            judge(opened, engine, program, ignoring, seen, said={*first, *then})

    holds()
    assert seen["done"] >= EXAMPLES // 5, seen
    assert min(seen["same"], seen["drifted"]) >= EXAMPLES // 20, seen
    assert EXAMPLES < 500 or seen["refused"] > 0, seen


ROUNDS = st.lists(
    st.fixed_dictionaries(
        {
            "program": programs(),
            "keeps": st.booleans(),
            "drift": drifts(),
            "others": st.one_of(st.just({}), OTHERS_TAGS),
            "refreshes": st.integers(0, 2),
            "ignoring": st.one_of(st.just([]), IGNORED),
            "fault": st.one_of(
                st.none(),
                st.fixed_dictionaries(
                    {
                        "operation": st.sampled_from(
                            ["ModifyCluster", "ModifyClusterIamRoles", "CreateTags"]
                        ),
                        "occurrence": st.integers(1, 3),
                        "when": st.sampled_from(["before", "after"]),
                        "kind": st.sampled_from(["drop", "error"]),
                    }
                ),
            ),
        }
    ),
    min_size=1,
    max_size=3,
)


@pytest.mark.timeout(1800)
def test_one_up_after_another_changes_what_was_named(opened: Bench) -> None:
    """Created, adopted or restored; an `up` that AWS refused half-way names what is left, and goes on."""
    seen = {"done": 0, "refused": 0, "same": 0}

    @settings(FIXED, max_examples=EXAMPLES // 4)
    @given(
        first=programs(),
        begins=st.sampled_from(["created", "adopt_existing", "restore_final_snapshot"]),
        silent=st.booleans(),
        rounds=ROUNDS,
    )
    def holds(first: dict[str, Any], begins: str, silent: bool, rounds: list[dict[str, Any]]) -> None:
        begin_anew(opened)
        with inside(opened) as provider:
            engine = Engine(opened, provider)
            begun = engine.preview(first)
            if begun.operation != "create" or engine.up(begun) != "":
                return
            program = first
            if begins != "created":
                if begins == "restore_final_snapshot":
                    opened.run(lambda: provider.delete("warehouse", engine.outputs))
                engine.inputs, engine.outputs = {}, {}
                said = {**PROGRAM, "node_type": first["node_type"]} if silent else first
                program = {**said, begins: True}
                taking = engine.preview(program)
                if taking.operation != "create" or engine.up(taking) != "":
                    return
            ever_said = set(program)
            for each in rounds:
                disturb(opened, each["drift"], each["others"])
                for _ in range(each["refreshes"]):
                    engine.refresh()
                program = {**program, **each["program"]} if each["keeps"] else each["program"]
                ever_said |= set(program)
                if each["fault"]:
                    opened.control.add_fault(**each["fault"], code="AccessDenied")
                judge(opened, engine, program, each["ignoring"], seen, said=ever_said)
                opened.control.clear_faults()
                judge(opened, engine, program, each["ignoring"], seen, said=ever_said)

    holds()
    assert min(seen.values()) > 0, seen


def begin_anew(stack: Bench) -> None:
    """Empty AWS, but for a parameter group to choose."""
    stack.reset()
    stack.outsider.create_cluster_parameter_group(
        ParameterGroupName="tuned", ParameterGroupFamily="redshift-1.0", Description="x"
    )


def disturb(stack: Bench, drift: dict[str, Any], others: dict[str, str]) -> None:
    """Change the cluster, and its tags, behind everybody's back."""
    if drift:
        stack.control.set_cluster("warehouse", settings=drift)
    if others:
        arn = f"arn:aws:redshift:us-east-1:{stack.account}:cluster:warehouse"
        stack.outsider.create_tags(
            ResourceName=arn, Tags=[{"Key": key, "Value": value} for key, value in others.items()]
        )


def judge(
    stack: Bench,
    engine: Engine,
    program: dict[str, Any],
    ignoring: list[str],
    seen: dict[str, int],
    *,
    said: set[str],
) -> None:
    """Preview, up, and compare what was named with what became of it; `said` is what was ever said."""
    shown = engine.preview(program, ignoring)
    if shown.operation not in {"same", "update"}:
        return
    before = shown_by_aws(stack)
    passwords = dict(stack.ledger()["clusters"]["warehouse"])["password_digest"]
    olds = dict(engine.inputs)
    if olds.get("adopt_existing"):
        olds = {name: engine.outputs.get(name) for name in engine.outputs["said"]}
    error = engine.up(shown, ignoring)
    after = shown_by_aws(stack)

    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {name for name in changed if not is_named(name, shown)} == set(), shown
    alone = {name for name in changed if not FOLLOWS.get(name, set()) & shown.names}
    assert {name for name in alone if is_ignored(name, ignoring)} == set(), shown
    assert {name for name in alone if name.partition(".")[0] not in said} == set(), shown
    assert not {name for name in changed if name in {"tags.bot", "tags.scan"}}
    if dict(stack.ledger()["clusters"]["warehouse"])["password_digest"] != passwords:
        # AWS keeps it no more only together with one of the program's own.
        assert shown.names & {"master_password", "manage_master_password"}
        assert not {"master_password", "masterPassword"} & set(ignoring)
    if error:
        seen["refused"] += 1
        return
    seen[shown.operation.replace("update", "done")] += 1
    for name in shown.names:
        argument = BY_NAME[name.partition(".")[0]]
        follows = program.get(name) is None and bool(FOLLOWS.get(name, set()) & shown.names)
        if argument.change is Change.LOCAL or is_ignored(name, ignoring) or follows:
            continue
        want = wanted(name, olds, shown.inputs, before)
        if name.startswith("tags."):
            assert after.get(name) == want, (name, shown)
        elif name == "master_password":
            assert "masterPassword" in ignoring or want is None or stack.password_is(want)
        elif argument.read is not None and comparable(argument, want):
            assert same(argument, want, after[name]), (name, want, after[name])
    assert engine.preview(program, ignoring).operation == "same"


def is_named(name: str, shown: Shown) -> bool:
    """Whether preview named what changed, or what AWS changes it with."""
    return not ({name} | FOLLOWS.get(name, set())).isdisjoint(shown.names)


def test_the_table_of_what_follows_names_arguments() -> None:
    """A name that is misspelt would excuse nothing, or anything."""
    names = {argument.name for argument in ARGUMENTS}
    assert set(FOLLOWS) | {name for each in FOLLOWS.values() for name in each} <= names

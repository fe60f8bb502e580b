"""The documentation's table of differences to pulumi-aws, line by line: each is true here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from redshift_teardown.cluster_options import read_options
from redshift_teardown.engine.secret_values import seal
from redshift_teardown.lifecycle.check import check
from tests.parity import test_options, test_promise
from tests.parity.bench import changing, wire
from tests.teardown.stage import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.parity.bench import Bench

PAGE = Path(__file__).parents[2] / "docs" / "migrate-from-pulumi-aws.md"
OF_SHARED = {"master_username": "awsuser"}
SHARED = {**OF_SHARED, "snapshot_identifier": "shared"}


def said_by(options: pulumi.ResourceOptions, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the program says of its options."""
    told: list[str] = []
    for severity in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, severity, lambda text, _resource: told.append(text))
    for note in read_options("warehouse", options)[1]:
        note(None)  # type: ignore[arg-type]
    return told


def requests(stack: Bench, _: pytest.MonkeyPatch) -> None:
    """A request to skip that no rule grants."""
    stack.apply(skip_final_snapshot=True, final_snapshot_identifier="by-name")
    assert stack.state is not None
    assert stack.state["on_destroy"].startswith("final snapshot, kept 35 days")


def renames(stack: Bench, _: pytest.MonkeyPatch) -> None:
    """The same generation under another name."""
    stack.apply()
    assert changing(stack.apply(cluster_identifier="lake")) == ["ModifyCluster NewClusterIdentifier"]
    assert len(stack.ledger()["generations"]) == 1


def replaces(name: str, before: dict[str, Any], after: dict[str, Any]) -> Callable[..., None]:
    """A change that replaces."""

    def replaces(stack: Bench, _: pytest.MonkeyPatch) -> None:
        stack.write_policy(stack.rules("skip: [{when: {node_type: [dc2.large]}, because: of nothing}]"))
        for control, shared_with in ((stack.control, []), (stack.elsewhere, [ACCOUNT])):
            control.put_snapshot(
                "shared", "old", number_of_nodes=2, node_type="ra3.xlplus", shared_with=shared_with
            )
        stack.apply(**before)
        assert stack.preview(**after) == "replace", name

    return replaces


def changes_the_address(stack: Bench, _: pytest.MonkeyPatch) -> None:
    """Another Elastic IP."""
    public: dict[str, Any] = {"publicly_accessible": True}
    stack.apply(**public, elastic_ip="52.1.2.3")
    assert changing(stack.apply(**public, elastic_ip="52.9.9.9")) == ["ModifyCluster ElasticIp"]


def lets_go_of_the_snapshot(stack: Bench, _: pytest.MonkeyPatch) -> None:
    """The snapshot that it began with, named no more."""
    stack.control.put_snapshot("shared", "old", number_of_nodes=2, node_type="ra3.xlplus")
    stack.apply(**SHARED)
    assert changing(stack.apply(**OF_SHARED)) == []
    assert stack.preview(**OF_SHARED) == "same"


def keeps_the_write_only_password(stack: Bench, _: pytest.MonkeyPatch) -> None:
    """In the inputs, and in no output, before and after a refresh."""
    stack.apply(master_password=None, master_password_wo="Write-Only-1", master_password_wo_version=1)
    for _time in range(2):
        assert "Write-Only-1" not in str(stack.state)
        assert stack.inputs["master_password_wo"] == "Write-Only-1"
        stack.refresh()


def gives_plain_nodes(stack: Bench, _: pytest.MonkeyPatch) -> None:
    """A mapping a node."""
    stack.apply()
    assert stack.state is not None
    assert stack.state["cluster_nodes"][0]["node_role"] == "LEADER"


def takes_both_forms(stack: Bench, _: pytest.MonkeyPatch) -> None:
    """A bool and its text mean the same."""
    stack.apply(encrypted=True)
    assert stack.preview(encrypted="true") == "same"


def leaves_what_was_never_written(stack: Bench, _: pytest.MonkeyPatch) -> None:
    """Public access that somebody opened."""
    stack.apply()
    stack.control.set_cluster("warehouse", settings={"PubliclyAccessible": True})
    stack.refresh()
    assert stack.preview() == "same"
    assert changing(stack.apply(port=5440)) == ["ModifyCluster Port"]


def leaves_tags_of_others(stack: Bench, _: pytest.MonkeyPatch) -> None:
    """A bot's tag beside the program's."""
    stack.apply(tags={"team": "data"})
    test_promise.tag(stack, bot="yes")
    stack.refresh()
    stack.apply(tags={"team": "sales"})
    assert test_promise.tags_of(stack) == {"team": "sales", "bot": "yes"}


def sets_all_roles(stack: Bench, _: pytest.MonkeyPatch) -> None:
    """Also those that somebody else added go, where the list changes."""
    test_promise.test_roles_become_what_the_program_says(stack)


def fails_what_is_not_done(stack: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS takes the call and shows the old port."""
    test_promise.test_what_aws_accepts_and_does_not_do_is_no_success(stack, monkeypatch)


def seals_a_secret_tag(stack: Bench, _: pytest.MonkeyPatch) -> None:
    """The value is marked a secret in every copy, and in no other place."""
    stack.apply(tags={"key": "hidden-7", "team": "data"}, secrets=["tags.key"])
    assert stack.state is not None
    for props in (stack.state, stack.inputs):
        sealed = re.sub(
            r"\{'4dabf18193072939515e22adb298388d': '\w+', 'value': 'hidden-7'\}", "", str(seal(props))
        )
        assert "hidden-7" in str(props)
        assert "hidden-7" not in sealed
        assert "'team': 'data'" in sealed


def refuses_secret_names(stack: Bench, _: pytest.MonkeyPatch) -> None:
    """What stands in ids, ARNs and names of snapshots cannot be secret."""
    for name in ("cluster_identifier", "region", "final_snapshot_identifier"):
        program = stack.program(secrets=[name], region="us-east-1", final_snapshot_identifier="by-name")
        [failure] = check({}, wire(program), stack.settings)[1]
        assert failure.reason.startswith(f"{name} is a secret, and stands in clear")
        assert "pulumi.Output.unsecret" in failure.reason


def takes_camel_case(_: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """As meant, with a line; what is misspelt is warned of."""
    options = pulumi.ResourceOptions(
        ignore_changes=["numberOfNodes", "tags.team", "kmsKey"], replace_on_changes=["port"]
    )
    meant, _notes = read_options("warehouse", options)
    assert meant.ignore_changes == ["number_of_nodes", "tags.team", "kmsKey"]
    assert meant.replace_on_changes == ["port"]
    assert said_by(options, monkeypatch) == [
        "ignore_changes: 'numberOfNodes' is taken to mean 'number_of_nodes'",
        "ignore_changes: 'kmsKey' is no argument of a cluster and has no effect; did you mean 'kms_key_id'?",
    ]


def warns_of_timeouts(_: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dynamic resource is not told them."""
    options = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="1h"))
    [told] = said_by(options, monkeypatch)
    assert "custom_timeouts have no effect" in told
    assert "wait.timeout_hours" in told


def refuses_providers(_: Bench, __: pytest.MonkeyPatch) -> None:
    """One of pulumi-aws would be dropped in silence."""
    test_options.test_an_aws_provider_is_refused({"provider": test_options.AWS})


def refuses_what_cannot_work(_: Bench, __: pytest.MonkeyPatch) -> None:
    """One identifier cannot be created twice, and a dynamic resource cannot be imported or looked up."""
    test_options.test_replace_with_is_refused()
    for options in (
        pulumi.ResourceOptions(delete_before_replace=False),
        pulumi.ResourceOptions(import_="warehouse"),
        pulumi.ResourceOptions(id="warehouse"),
    ):
        with pytest.raises(pulumi.RunError, match="warehouse: ") as refused:
            read_options("warehouse", options)
        assert ("adopt_existing=True" in str(refused.value)) is (options.delete_before_replace is None)


HOLDS: dict[str, Callable[[Bench, pytest.MonkeyPatch], None]] = {
    "`skip_final_snapshot`, `final_snapshot_identifier`": requests,
    "`cluster_identifier`": renames,
    "`database_name`": replaces("database_name", {}, {"database_name": "sales"}),
    "`elastic_ip`": changes_the_address,
    "`snapshot_identifier` and the like, taken away": lets_go_of_the_snapshot,
    "`owner_account`": replaces("owner_account", SHARED, {**SHARED, "owner_account": "444455556666"}),
    "`master_password_wo`": keeps_the_write_only_password,
    "`cluster_nodes[0].node_role`": gives_plain_nodes,
    "`encrypted`": takes_both_forms,
    "an argument never written": leaves_what_was_never_written,
    "tags of others": leaves_tags_of_others,
    "`iam_roles`": sets_all_roles,
    "a change that AWS accepts and does not make": fails_what_is_not_done,
    "a secret tag": seals_a_secret_tag,
    "a secret `cluster_identifier`, `region` or `final_snapshot_identifier`": refuses_secret_names,
    "`ignore_changes`, `replace_on_changes`": takes_camel_case,
    "`custom_timeouts`": warns_of_timeouts,
    "`provider=`": refuses_providers,
    "`delete_before_replace=False`, `replace_with`, `import_`, `id`": refuses_what_cannot_work,
}


def test_every_line_of_the_table_is_tested() -> None:
    """A line that is added asks for its test, and a test for its line."""
    table = PAGE.read_text("utf-8").partition("## What is different from here on")[2].partition("\nA [")[0]
    lines = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if line.startswith("| ")]

    assert lines[1:] == list(HOLDS)


@pytest.mark.parametrize("line", HOLDS)
def test_a_line_of_the_table_is_true(stack: Bench, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """What the documentation says of this package is so."""
    HOLDS[line](stack, monkeypatch)

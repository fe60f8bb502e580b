"""The command `plan`: what it reads, what it prints, how it exits."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from redshift_teardown.cli.commands import cli
from redshift_teardown.cli.exported import program_folder, read_from_files
from redshift_teardown.cli.state_document import clusters_of
from redshift_teardown.emulator import Emulator
from redshift_teardown.engine.exported_state import SourceError
from redshift_teardown.settings import Settings
from tests.e2e.harness import Project
from tests.teardown.stage import CLUSTER, PROTECTED, SKIPPING, URN, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from click.testing import Result as Ended

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234"
KEY = {"urn": "urn:pulumi:live::shop::aws:kms/key:Key::key", "type": "aws:kms/key:Key", "id": "1234"}


def export(outputs: Mapping[str, Any] | None, *others: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """Write a state with one cluster, as the engine exports it."""
    cluster = {
        "urn": URN,
        "type": "pulumi-python:dynamic/redshift:Cluster",
        "outputs": {**(outputs or {}), "__provider": "…"},
        **options,
    }
    return {"version": 3, "deployment": {"resources": [*others, *([cluster] if outputs is not None else [])]}}


def run(stage: Stage, document: Mapping[str, Any], *arguments: str) -> Ended:
    """Run `plan --file` over a state, with the stage's credentials and policy."""
    file = stage.folder / "state.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    config = stage.folder / "Pulumi.live.yaml"
    config.write_text(
        f"config:\n  aws:region: us-east-1\n  aws:accessKey: {stage.settings.access_key}\n"
        f"  aws:secretKey: secret\n  redshift-teardown:policyFile: {stage.policy_file}\n",
        encoding="utf-8",
    )
    command = ["plan", "--file", str(file), "--config", str(config), *arguments]
    ended: list[Ended] = []
    # Within a command of the stage, so that the product's clock and clients are the stage's.
    stage.run(lambda: ended.append(CliRunner().invoke(cli, command)))
    assert ended[0].exception is None or isinstance(ended[0].exception, SystemExit), ended[0].exception
    return ended[0]


def place(stage: Stage, text: str) -> str:
    """Return the line of the policy that holds a text."""
    lines = stage.policy_file.read_text("utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if text in line]
    return f"{stage.policy_file}:{number}"


@pytest.fixture
def wired(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage whose clients are found by the settings that a settings file gives."""
    from redshift_teardown.aws import session  # noqa: PLC0415

    made = stage._aws[stage.account][1]
    monkeypatch.setattr(session, "connect", lambda *_: made)
    monkeypatch.setattr("redshift_teardown.lifecycle.operation.connect", lambda *_: made)
    return stage


def test_a_safe_stack(wired: Stage) -> None:
    """A cluster that gets its final snapshot: exit 0, and who decided is told."""
    wired.up()
    assert wired.state is not None

    ended = run(wired, export(wired.state))

    assert ended.exit_code == 0
    assert "warehouse: safe" in ended.output
    assert f"final snapshot, kept 35 days ({place(wired, 'final_snapshot:')})" in ended.output
    assert "policy results  all: final snapshot, kept 35 days" in ended.output
    assert "1 cluster: 0 would lose data, 0 blocked, 1 safe" in ended.output


def test_a_deliberate_loss_is_named(wired: Stage) -> None:
    """A cluster that a rule lets go without a snapshot: exit 2, with the rule and its line."""
    wired.write_policy(wired.rules(SKIPPING))
    wired.up()
    assert wired.state is not None

    ended = run(wired, export(wired.state))

    assert ended.exit_code == 2
    assert "warehouse: loses data" in ended.output
    assert f"no final snapshot: nobody needs it ({place(wired, 'because:')})" in ended.output


def test_blocked(wired: Stage) -> None:
    """A protected resource: exit 3, and what to do about it."""
    wired.up()
    assert wired.state is not None

    ended = run(wired, export(wired.state, protect=True))

    assert ended.exit_code == 3
    assert f"pulumi state unprotect '{URN}'" in ended.output


def test_a_loss_counts_more_than_what_is_blocked(wired: Stage) -> None:
    """One cluster would lose its data, the other is protected: exit 2, in whatever order they stand."""
    wired.write_policy(wired.rules(SKIPPING))
    wired.up()
    loses = export(wired.state)
    blocked = export(wired.state, protect=True)["deployment"]["resources"]
    for document in (
        export(wired.state, *blocked),
        {**loses, "deployment": {"resources": [*loses["deployment"]["resources"], *blocked]}},
    ):
        ended = run(wired, document)

        assert "1 would lose data, 1 blocked" in ended.output
        assert ended.exit_code == 2


def test_what_comes_before_the_delete_is_told(wired: Stage) -> None:
    """A busy cluster is waited for, a paused one resumed first."""
    wired.up()
    wired.outsider.resize_cluster(ClusterIdentifier=CLUSTER, NumberOfNodes=4, NodeType="ra3.xlplus")
    busy = run(wired, export(wired.state))
    wired.time.advance(3600)
    wired.outsider.pause_cluster(ClusterIdentifier=CLUSTER)
    wired.time.advance(3600)
    paused = run(wired, export(wired.state))

    assert (busy.exit_code, paused.exit_code) == (0, 0)
    assert "1. wait: cluster is resizing\n" in busy.output
    assert "the cluster is paused; where AWS will not delete it so, it is resumed first" in paused.output


def test_the_size_is_that_of_the_newest_snapshot(wired: Stage) -> None:
    """Of this cluster's own generation; an older, larger one is passed over."""
    wired.up()
    wired.control.set_lifecycle(CLUSTER, manual_snapshot=0, snapshot_megabytes=9000)
    wired.outsider.create_cluster_snapshot(SnapshotIdentifier="older", ClusterIdentifier=CLUSTER)
    wired.time.advance(3600)
    wired.control.set_lifecycle(CLUSTER, snapshot_megabytes=2000)
    wired.outsider.create_cluster_snapshot(SnapshotIdentifier="newest", ClusterIdentifier=CLUSTER)

    ended = run(wired, export(wired.state), "--format", "json", "--price", "0.1")

    (cluster,) = json.loads(ended.output)["clusters"]
    assert cluster["megabytes"] == pytest.approx(2000)
    assert cluster["usd_per_month"] == pytest.approx(0.2)


def test_a_resource_that_was_only_read(wired: Stage) -> None:
    """The engine forgets what it read, and never calls delete: exit 3, for the cluster lives on."""
    wired.up()
    assert wired.state is not None

    read = run(wired, export(wired.state, external=True))
    offline = run(wired, export(wired.state, external=True), "--offline")

    assert (read.exit_code, offline.exit_code) == (3, 3), read.output
    assert "external is set: the engine only read this cluster" in read.output
    assert run(wired, export(wired.state, external=False)).exit_code == 0


def test_json(wired: Stage) -> None:
    """For a program: everything, as plain JSON, the exit code among it."""
    wired.up()
    assert wired.state is not None

    ended = run(wired, export(wired.state), "--format", "json", "--price", "0.1")
    document = json.loads(ended.output)
    (cluster,) = document["clusters"]

    assert (document["stack"], document["exit_code"]) == ("live", 0)
    assert (cluster["verdict"], cluster["outcome"], cluster["retention_days"]) == ("safe", "snapshot", 35)
    assert cluster["steps"][0] == f"delete the cluster with final snapshot {cluster['snapshot']}"
    assert cluster["usd_per_month"] == pytest.approx(cluster["megabytes"] / 1000 * 0.1)
    assert cluster["tags"]["pulumi:stack"] == "live"


def test_markdown(wired: Stage) -> None:
    """For a pull request: one table, whose cells hold nothing that breaks it."""
    wired.up()
    assert wired.state is not None

    ended = run(wired, export(wired.state), "--format", "markdown")
    rows = [line for line in ended.output.splitlines() if line.startswith("|")]

    assert len(rows) == 3
    assert {row.count(" |") for row in (rows[0], rows[2])} == {5}
    assert "| `warehouse` | **safe** | final snapshot, kept 35 days" in rows[2]


def test_no_password_is_shown(wired: Stage) -> None:
    """A password in the state, encrypted or in clear, is in no format of the output."""
    wired.up()
    assert wired.state is not None
    outputs = {**wired.state, "master_password": {**SECRET, "plaintext": '"Correct-Horse-1"'}}

    shown = [run(wired, export(outputs), "--format", style).output for style in ("table", "json", "markdown")]

    assert not [text for text in shown if "Correct-Horse-1" in text]


def test_encrypted_facts_are_not_known(wired: Stage) -> None:
    """What the state holds encrypted is said not to be known, and never taken for something."""
    wired.up()
    assert wired.state is not None
    facts = {**wired.state["policy"]["facts"], "tags": {**SECRET, "ciphertext": "v1:…"}}
    outputs = {**wired.state, "policy": {**wired.state["policy"], "facts": facts}}

    ended = run(wired, export(outputs))

    assert ended.exit_code == 0
    assert "policy: encrypted in this state; export it with --show-secrets" in ended.output


@pytest.mark.parametrize(
    ("key", "goes"),
    [
        ({**KEY, "outputs": {"arn": KEY_ARN}}, True),
        ({**KEY, "outputs": {"arn": KEY_ARN}, "protect": True}, False),
        ({**KEY, "outputs": {"arn": KEY_ARN}, "retainOnDelete": True}, False),
        ({**KEY, "outputs": {"arn": KEY_ARN}, "external": True}, False),
        ({**KEY, "id": "5678", "outputs": {"arn": "arn:other"}}, False),
    ],
)
def test_a_key_of_the_same_stack(key: Mapping[str, Any], goes: bool, wired: Stage) -> None:
    """A key that destroy deletes too makes the snapshot unreadable; one that stays does not."""
    wired.up()
    assert wired.state is not None

    ended = run(wired, export({**wired.state, "kms_key_id": KEY_ARN}, key), "--exclude-protected")

    assert ended.exit_code == (2 if goes else 0)


def test_a_key_behind_an_alias() -> None:
    """The cluster names an alias, the alias a key, and both are in the stack."""
    alias = {
        "urn": "urn:pulumi:live::shop::aws:kms/alias:Alias::alias",
        "type": "aws:kms/alias:Alias",
        "id": "alias/warehouse",
        "outputs": {"name": "alias/warehouse", "targetKeyId": "1234"},
    }

    (cluster,) = clusters_of(export({"kms_key_id": "alias/warehouse"}, alias, {**KEY, "outputs": {}}))

    assert cluster.key_of_the_stack == KEY["urn"]


def test_a_stack_without_clusters(wired: Stage) -> None:
    """Nothing of ours in the state is safe, and said."""
    ended = run(wired, export(None))

    assert ended.exit_code == 0
    assert ended.output.endswith("this stack holds no cluster of redshift-teardown\n")


@pytest.mark.parametrize(
    "document",
    [[], {}, {"deployment": {"resources": [{}]}}, {"deployment": {"resources": [{"urn": "urn:other"}]}}],
)
def test_something_else_than_a_state(document: Any) -> None:
    """A file that is no exported state is refused in words."""
    with pytest.raises(SourceError, match="no exported state"):
        clusters_of(document)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--stack", "a", "--file", "FILE"], 2, "two ways to say the same"),
        (["--config", "FILE"], 2, "--config belongs to --file"),
        (["--file", "FILE"], 1, "is no exported state"),
        (["--stack", "a"], 1, "no Pulumi project here"),
    ],
)
def test_wrong_usage(
    arguments: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be read ends with words, never with a traceback."""
    file = tmp_path / "not-a-state"
    file.write_text("{", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    ended = CliRunner().invoke(cli, ["plan", *(str(file) if a == "FILE" else a for a in arguments)])

    assert ended.exit_code == code
    assert said in ended.output


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("name: shop\n", "."),
        ("name: shop\nmain: infra\n", "infra"),
        ("name: shop\nmain: infra/\n", "infra"),
        ("name: shop\nmain: infra/__main__.py\n", "infra"),
        ("name: shop\nmain: 5\n", "."),
        ("name: [\n", "."),
    ],
)
def test_policy_and_program_are_where_main_says(text: str, folder: str, tmp_path: Path) -> None:
    """The engine runs program and provider in the folder of `main:`; paths are relative to that."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "__main__.py").touch()
    (tmp_path / "Pulumi.yaml").write_text(text, encoding="utf-8")

    assert program_folder(tmp_path) == tmp_path / folder


PROVIDER = "urn:pulumi:live::shop::pulumi:providers:pulumi-python::default"


def test_half_of_the_credentials_is_encrypted(tmp_path: Path) -> None:
    """Credentials belong together: with the encrypted one the others are left out, and all are named."""
    state, config = tmp_path / "state.json", tmp_path / "Pulumi.prod.yaml"
    state.write_text(json.dumps(export({})), "utf-8")
    config.write_text(
        "config:\n  aws:accessKey: AKIA\n  aws:secretKey:\n    secure: v1:xx\n  aws:region:\n"
        "  aws:assumeRoles: [{roleArn: x, externalId: {secure: v1:yy}}]\n",
        "utf-8",
    )

    stack = read_from_files(state, config, run_program=False)

    assert stack.settings == Settings()
    assert stack.notes == (
        f"aws:secretKey, aws:assumeRoles, aws:accessKey: encrypted in {config}, and left out",
    )


@pytest.mark.parametrize("run_program", [False, True])
def test_the_configuration_of_the_last_up_is_planned_by(wired: Stage, *, run_program: bool) -> None:
    """A policy file configured since the last `up` is the destroy's only with --run-program; what changed is
    named. Secrets in the state are left out, and named.
    """
    wired.write_policy(wired.rules(SKIPPING))
    wired.up()
    assert wired.state is not None
    other = wired.folder / "other.yaml"
    other.write_text(wired.rules(PROTECTED), encoding="utf-8")
    provider = {
        "urn": PROVIDER,
        "id": "1234",
        "type": "pulumi:providers:pulumi-python",
        "inputs": {
            "redshift-teardown:policyFile": str(other),
            "aws:region": "us-east-1",
            "aws:accessKey": wired.settings.access_key,
            "aws:secretKey": {**SECRET, "ciphertext": "…"},
        },
    }
    document = export(wired.state, provider, provider=f"{PROVIDER}::1234")

    ended = run(wired, document, *(["--run-program"] if run_program else []))

    assert ended.exit_code == (2 if run_program else 0), ended.output
    said = "configured otherwise since the last `pulumi up`: redshift-teardown:policyFile. "
    assert (said in ended.output) is not run_program
    assert ("aws:secretKey: encrypted in the state, and left out" in ended.output) is not run_program


@pytest.mark.e2e
def test_on_the_real_engine(tmp_path: Path) -> None:
    """Through the Pulumi CLI: production is safe, development a deliberate loss, and so they end.

    A profile that was configured since `up`, and that nobody has, misleads neither: both go by what `up` had.
    """
    with Emulator(speed=600) as emulator:
        project = Project(tmp_path, emulator)
        for name, code in (("prod", 0), ("dev", 2)):
            stack = project.stack(name)
            stack.up().ok()
            settings = project.folder / f"Pulumi.{name}.yaml"
            text = settings.read_text("utf-8")
            settings.write_text(text.replace("config:", "config:\n  aws:profile: nobody"), "utf-8")
            planned = subprocess.run(
                [sys.executable, "-m", "redshift_teardown.cli", "plan", "--stack", name, "--format", "json"],
                cwd=project.folder / "policy",
                env=project.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert planned.returncode == code, planned.stdout + planned.stderr
            told = json.loads(planned.stdout)
            (cluster,) = told["clusters"]
            stack.destroy().ok()
            kept = [
                (snapshot["ManualSnapshotRetentionPeriod"], snapshot["ClusterIdentifier"])
                for snapshot in project.snapshots(f"warehouse-{name}")
            ]

            assert "since the last `pulumi up`: aws:profile. " in " ".join(told["notes"])
            assert cluster["status"] == "available"
            assert kept == ([(cluster["retention_days"], "warehouse-prod")] if code == 0 else [])


def test_offline_in_a_workflow(stage: Stage) -> None:
    """Without credentials and network the state alone is judged, and what is missing is said."""
    stage.up()
    assert stage.state is not None
    stage.emulator.reachable = False

    ended = run(stage, export(stage.state), "--offline")

    assert ended.exit_code == 0
    assert "not known       what AWS shows now" in ended.output
    assert CLUSTER in ended.output

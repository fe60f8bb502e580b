"""The documented CI recipes, run step by step on the real engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import pytest
import yaml

from redshift_teardown.emulator import Emulator
from tests.long import of_the_long_ones
from tests.pack.wire import ROOT
from tools.pulumi import engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("pack-ci")]

PAGE = ROOT / "docs" / "policies" / "ci.md"
ACCOUNT = "999900001111"
REGION = "eu-central-1"


@dataclass(frozen=True)
class Step:
    """A step of a workflow that runs a command."""

    name: str
    run: str
    env: dict[str, str]


def workflow(name: str) -> list[Step]:
    """The commands of a workflow of the page, in their order."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    found = {document["name"]: document for document in map(yaml.safe_load, blocks)}
    return [
        Step(step["name"], step["run"], job.get("env", {}))
        for job in found[name]["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]


@dataclass(frozen=True)
class Checkout:
    """A checkout of the project, with the engine and credentials that CI would have."""

    folder: Path
    env: dict[str, str]
    endpoint: str

    def shell(self, command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command as GitHub's runner does."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
            cwd=self.folder,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def work(self, steps: list[Step]) -> tuple[list[str], str]:
        """Run steps until one fails; gives the names of those that passed, and what the last one printed."""
        passed, output = [], ""
        for step in steps:
            done = self.shell(step.run, **step.env)
            output = done.stdout + done.stderr
            if done.returncode != 0:
                break
            passed.append(step.name)
        return passed, output

    def must(self, command: str) -> str:
        """Run a command that succeeds."""
        done = self.shell(command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """The project, its production stack up, in a region of its own."""
    with Emulator(speed=10000) as emulator:
        env = {
            **os.environ,
            **engine.environment(tmp_path / "state"),
            "AWS_ACCESS_KEY_ID": f"AKIA{ACCOUNT}TEST",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": emulator.url,
            "RUNNER_TEMP": str(tmp_path),
        }
        made = Checkout(engine.copy_project(tmp_path / "project"), env, emulator.url)
        made.must("pulumi stack init prod && pulumi up --yes --skip-preview --stack prod")
        yield made


def test_good_stack_passes_every_workflow_and_leaves_its_snapshot(checkout: Checkout) -> None:
    """Every step of the workflows succeeds, and what the last one leaves is the final snapshot."""
    for steps in map(workflow, ("Preview", "Update", "Destroy")):
        passed, output = checkout.work(steps)
        assert passed == [step.name for step in steps], output

    client = boto3.client(
        "redshift",
        region_name=REGION,
        endpoint_url=checkout.endpoint,
        aws_access_key_id=checkout.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key="secret",
    )
    snapshots = client.describe_cluster_snapshots(SnapshotType="manual")["Snapshots"]
    assert [snapshot["Status"] for snapshot in snapshots] == ["available"]


@of_the_long_ones
def test_preview_stops_a_request_to_skip(checkout: Checkout) -> None:
    """The step with the pack fails, and says what to change."""
    checkout.must("pulumi config set --stack prod skipFinalSnapshot true")

    passed, output = checkout.work(workflow("Preview"))

    assert passed == ["Install what the program and the pack need"]
    assert "remove `skip_final_snapshot=True` from the program" in output


@of_the_long_ones
def test_update_removes_nothing_that_the_pack_objects_to(checkout: Checkout) -> None:
    """Where the deployed state is objected to, what puts it right goes on, and a removal does not."""
    checkout.must(
        "pulumi config set --stack prod skipFinalSnapshot true && pulumi up -y --skip-preview -s prod"
    )
    program = checkout.folder / "__main__.py"
    text = program.read_text(encoding="utf-8")
    checkout.must("pulumi config set --stack prod skipFinalSnapshot false")
    program.write_text("import pulumi\n", encoding="utf-8")

    passed, output = checkout.work(workflow("Update"))

    assert passed == ["Install what the program and the pack need"]
    assert '"op": "delete"' in output

    program.write_text(text, encoding="utf-8")
    passed, output = checkout.work(workflow("Update"))

    assert passed == [step.name for step in workflow("Update")], output


@of_the_long_ones
def test_destroy_is_not_reached_where_the_pack_objects_to_the_state(checkout: Checkout) -> None:
    """A request that got deployed without the pack is found before the destroy."""
    checkout.must(
        "pulumi config set --stack prod skipFinalSnapshot true && pulumi up -y --skip-preview -s prod"
    )

    passed, output = checkout.work(workflow("Destroy"))

    assert passed == ["Install what the pack needs"]
    assert "redshift-final-snapshot-in-production" in output


def test_destroy_is_not_reached_where_an_option_stands_in_the_state(checkout: Checkout) -> None:
    """What a transformation did behind the program's back is found by the last gate."""
    state = json.loads(checkout.must("pulumi stack export --stack prod"))
    for resource in state["deployment"]["resources"]:
        if resource["type"].endswith("redshift:Cluster"):
            resource["retainOnDelete"] = True
    (checkout.folder / "state.json").write_text(json.dumps(state))
    checkout.must("pulumi stack import --stack prod --file state.json")

    passed, output = checkout.work(workflow("Destroy"))

    assert passed == ["Install what the pack needs", "Judge the deployed stack by the pack"]
    assert "has the resource option retain_on_delete" in output

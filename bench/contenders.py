"""Other ways to destroy clusters with a final snapshot, as people write them, on the same emulator.

Each tool gets a virtual environment of its own below `build/bench/`: none is a dependency of this project.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from bench.stage import REGION, StageError, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.stage import Aws, Run

FOLDER = Path(__file__).resolve().parents[1] / "build" / "bench"

PINS = {
    "awscli": ["awscli"],
    "c7n": ["c7n"],
    "ansible": ["ansible", "boto3"],
}
"""What is installed for each; the version that was measured stands in the table."""

STOCK = '''\
import time

import boto3
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class StockProvider(ResourceProvider):
    """A dynamic provider as Pulumi's documentation teaches it, which polls its own cluster."""

    def create(self, props):
        boto3.client("redshift").create_cluster(
            ClusterIdentifier=props["name"], NodeType="ra3.xlplus", NumberOfNodes=2,
            MasterUsername="admin", MasterUserPassword="Correct-Horse-1",
        )
        return CreateResult(props["name"], dict(props))

    def delete(self, id_, props):
        redshift = boto3.client("redshift")
        redshift.delete_cluster(
            ClusterIdentifier=id_, SkipFinalClusterSnapshot=False,
            FinalClusterSnapshotIdentifier=id_ + "-final-" + str(int(time.time())),
        )
        while True:
            redshift.describe_cluster_snapshots(ClusterIdentifier=id_, SnapshotType="manual")
            try:
                redshift.describe_clusters(ClusterIdentifier=id_)
            except redshift.exceptions.ClusterNotFoundFault:
                return
            time.sleep(POLL_SECONDS)


class Stock(Resource):
    def __init__(self, name):
        super().__init__(StockProvider(), name, {{"name": name}})


for number in range({first}, {last}):
    Stock(f"c{{number:03}}")
'''
"""The program of the stock way; its class is pickled into the state, as that of any program is."""

POLICY = """\
policies:
  - name: teardown
    resource: redshift
    actions: [{type: delete}]
"""

PLAYBOOK = """\
- hosts: localhost
  connection: local
  gather_facts: false
  vars: {ansible_python_interpreter: "%(python)s"}
  tasks:
    - community.aws.redshift:
        command: delete
        identifier: "{{ item }}"
        skip_final_cluster_snapshot: false
        final_cluster_snapshot_identifier: "{{ item }}-final"
        wait: true
        wait_timeout: 1800
        region: %(region)s
        endpoint_url: "%(url)s"
      loop: %(clusters)s
"""


def stock_program(poll_seconds: float) -> str:
    """Return the program of the stock way, for `bench.stage.Stack`."""
    return STOCK.replace("POLL_SECONDS", f"{poll_seconds:g}")


def prepared(tool: str) -> tuple[Path, str]:
    """Make a tool's virtual environment where it is not there.

    Returns:
        Its folder of programs, and the version of the tool.

    Raises:
        StageError: It cannot be installed.

    """
    folder = FOLDER / tool
    if not (folder / "ready").exists():
        venv.create(folder, clear=True, with_pip=True)
        done = subprocess.run(
            [folder / "bin" / "pip", "--quiet", "--disable-pip-version-check", "install", *PINS[tool]],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StageError(f"{tool} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
        (folder / "ready").touch()
    asked = f"import importlib.metadata as m; print(m.version({tool!r}))"
    version = subprocess.run(
        [folder / "bin" / "python", "-c", asked], capture_output=True, text=True, check=True
    ).stdout.strip()
    return folder / "bin", version


def create(aws: Aws, count: int) -> list[str]:
    """Make clusters, with nothing of this product in between."""
    redshift: Any = boto3.client(
        "redshift",
        region_name=REGION,
        endpoint_url=aws.url,
        aws_access_key_id="bench",
        aws_secret_access_key="bench",  # noqa: S106 - the emulator takes any
    )
    names = [f"c{number:03}" for number in range(count)]
    for name in names:
        redshift.create_cluster(
            ClusterIdentifier=name,
            NodeType="ra3.xlplus",
            NumberOfNodes=2,
            MasterUsername="admin",
            MasterUserPassword="Correct-Horse-1",
        )
    return names


def aws_cli(aws: Aws, folder: Path, programs: Path, names: list[str]) -> Run:
    """All `delete-cluster`, then a `wait cluster-deleted` for each."""
    cli = programs / "aws"
    lines = ["set -e"]
    lines += [
        f"{cli} redshift delete-cluster --cluster-identifier {name} "
        f"--final-cluster-snapshot-identifier {name}-final >/dev/null"
        for name in names
    ]
    lines += [f"{cli} redshift wait cluster-deleted --cluster-identifier {name}" for name in names]
    return run(["sh", "-c", "\n".join(lines)], aws, cwd=folder, environment=aws.environment(folder))


def custodian(aws: Aws, folder: Path, programs: Path, names: list[str]) -> Run:
    """A policy whose action is `delete`."""
    del names  # all there are
    policy = folder / "policy.yaml"
    policy.write_text(POLICY)
    command = [str(programs / "custodian"), "run", "-s", str(folder / "out"), "--region", REGION]
    return run(
        [*command, "--cache-period", "0", str(policy)], aws, cwd=folder, environment=aws.environment(folder)
    )


def ansible(aws: Aws, folder: Path, programs: Path, names: list[str]) -> Run:
    """A play with the module `redshift` in a loop, waiting."""
    play = folder / "play.yaml"
    values = {"python": programs / "python", "region": REGION, "url": aws.url, "clusters": names}
    play.write_text(PLAYBOOK % values)
    environment = aws.environment(folder)
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    return run(
        [str(programs / "ansible-playbook"), "-i", "localhost,", str(play)],
        aws,
        cwd=folder,
        environment=environment,
    )


CONTENDERS: dict[str, tuple[str, Callable[[Aws, Path, Path, list[str]], Run]]] = {
    "awscli": ("AWS CLI, `delete-cluster` and `wait`", aws_cli),
    "c7n": ("Cloud Custodian, `delete`", custodian),
    "ansible": ("Ansible, `community.aws.redshift`", ansible),
}

if sys.platform == "win32":
    raise SystemExit("the measurements run a shell: use Linux or macOS")

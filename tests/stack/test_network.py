"""The stack's own program: where `warehouse:network` puts the cluster."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.emulator import Emulator
from tools.pulumi import engine

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

CLUSTER = "pulumi-python:dynamic/redshift:Cluster"


class Stack:
    """A stack of a copy of the project, on an emulator of its own, with the AWS plugin's double on PATH."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        plugin = folder / "bin" / "pulumi-resource-aws"
        plugin.parent.mkdir()
        double = Path(__file__).with_name("aws_plugin_double.py")
        plugin.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(double))} "$@"\n')
        plugin.chmod(0o755)
        self._project = engine.copy_project(folder / "project")
        path = os.pathsep.join((str(plugin.parent), os.environ["PATH"]))
        self._environment = {
            **os.environ,
            **engine.environment(folder / "state", path),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        assert self.pulumi("stack", "init", "staging").returncode == 0

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Pulumi to its end."""
        return subprocess.run(
            ["pulumi", "--non-interactive", "--color=never", *arguments],
            cwd=self._project,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def configure(self, **settings: str) -> None:
        """Set configuration; a name may be a path into a value."""
        for name, value in settings.items():
            assert self.pulumi("config", "set", "--path", name, value).returncode == 0

    def planned(self) -> dict[str, dict[str, Any]]:
        """Preview, and give what each resource would be, by type."""
        result = self.pulumi("preview", "--json")
        assert result.returncode == 0, result.stdout + result.stderr
        return {step["newState"]["type"]: step["newState"] for step in json.loads(result.stdout)["steps"]}

    def refusal(self) -> str:
        """Preview, which must fail, and give what the user reads."""
        result = self.pulumi("preview")
        assert result.returncode != 0
        assert "Traceback" not in result.stdout + result.stderr
        return result.stdout


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """The staging stack, not yet up."""
    with Emulator() as emulator:
        yield Stack(tmp_path, emulator.url)


def test_the_committed_stack_stands_where_aws_puts_it(stack: Stack) -> None:
    """Network `default` plans the cluster alone: no other resource, no AWS plugin, no networking argument."""
    planned = stack.planned()

    assert set(planned) == {"pulumi:pulumi:Stack", CLUSTER}
    cluster = planned[CLUSTER]["inputs"]
    assert cluster["cluster_identifier"] == "warehouse-staging"
    assert {"cluster_subnet_group_name", "vpc_security_group_ids", "kms_key_id"} & set(cluster) == set()


def test_existing_network(stack: Stack) -> None:
    """Network `existing` hands the named subnet group and security groups to the cluster."""
    stack.configure(**{"network": "existing", "subnetGroup": "ours", "securityGroupIds[0]": "sg-1"})

    cluster = stack.planned()[CLUSTER]["inputs"]

    assert cluster["cluster_subnet_group_name"] == "ours"
    assert cluster["vpc_security_group_ids"] == ["sg-1"]


def test_managed_network(stack: Stack) -> None:
    """Network `managed` plans subnet group, security group and key, and destroy cannot take the key."""
    stack.configure(network="managed")

    planned = stack.planned()

    assert set(planned) >= {
        CLUSTER,
        "aws:redshift/subnetGroup:SubnetGroup",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:kms/key:Key",
    }
    assert planned["aws:redshift/subnetGroup:SubnetGroup"]["inputs"]["subnetIds"] == ["subnet-1", "subnet-2"]
    rule = planned["aws:ec2/securityGroup:SecurityGroup"]["inputs"]["ingress"][0]
    assert (rule["fromPort"], rule["cidrBlocks"]) == (5439, ["172.31.0.0/16"])
    key = planned["aws:kms/key:Key"]
    assert (key["protect"], key["retainOnDelete"]) == (True, True)


def test_a_network_there_is_not(stack: Stack) -> None:
    """A misspelt network is named, together with those there are."""
    stack.configure(network="manged")

    assert 'warehouse:network is "manged" and must be default, existing or managed.' in stack.refusal()


def test_an_existing_network_without_names(stack: Stack) -> None:
    """Network `existing` without its settings says which commands set them."""
    stack.configure(network="existing")

    assert "pulumi config set subnetGroup my-subnets" in stack.refusal()

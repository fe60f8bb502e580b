"""What a program pays for importing the package: boto3 is for the provider's process alone."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from bench.stage import PROGRAM, Aws, Stack

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {"boto3", "botocore", "moto", "flask", "click", "rich"}


def _imported(code: str) -> set[str]:
    command = [sys.executable, "-c", f"{code}\nimport sys; print('\\n'.join(sys.modules))"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_the_resource_imports_no_sdk_of_aws() -> None:
    """The class that a program writes brings pulumi, and nothing that only the provider needs."""
    imported = _imported("from redshift_teardown import Cluster")

    assert "pulumi" in imported
    assert imported & HEAVY == set()


def test_the_policy_language_imports_neither_pulumi_nor_boto3() -> None:
    """A policy pack that only decides pays for deciding only."""
    imported = _imported("import redshift_teardown.deletion_policy")

    assert imported & {"pulumi", "grpc", *HEAVY} == set()


def test_the_program_of_a_stack_imports_no_sdk_of_aws(tmp_path: Path) -> None:
    """In ``pulumi preview`` of a stack with clusters, the program's process never imports boto3."""
    program = PROGRAM + (
        "\nimport pathlib, sys\n\npathlib.Path('imported.txt').write_text('\\n'.join(sys.modules))\n"
    )
    with Aws(final_snapshot=0, deleting=0) as aws:
        stack = Stack(aws, tmp_path, program=program)
        stack.preview(2)

    imported = set((stack.project / "imported.txt").read_text().split())
    assert "redshift_teardown.cluster" in imported
    assert imported & HEAVY == set()

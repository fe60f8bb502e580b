"""On the real engine: a cluster that a program only reads is no finding, in preview and in the state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.pack import rows
from tests.pack.engine import Project
from tests.pack.fixtures import POLICY_FILE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("pack-only-read")]

PROGRAM = """\
import pulumi_aws as aws

aws.redshift.Cluster.get("read", "the-warehouse-of-another-stack")
aws.redshift.Cluster(
    "owned", cluster_identifier="owned", node_type="ra3.large", skip_final_snapshot=True
)
"""


def test_a_cluster_that_is_only_read_is_no_finding(tmp_path: Path) -> None:
    """The one that is read has values that lose data, and is left alone; the owned one is found."""
    project = Project(tmp_path, None)
    (project.folder / "__main__.py").write_text(PROGRAM)
    project.init("prod", account=rows.ELSEWHERE, config={"aws:region": "eu-central-1"})
    pack = tmp_path / "pack.json"
    pack.write_text(json.dumps({"redshift-aws-cluster-final-snapshot": {"policyFile": POLICY_FILE}}))

    preview = project.preview("prod", account=rows.ELSEWHERE, pack=pack)
    assert project.up("prod", account=rows.ELSEWHERE).code == 0
    state = project.analyze("prod", account=rows.ELSEWHERE, pack=pack)

    exported = json.loads(project.pulumi("stack", "export", "--stack", "prod", account=rows.ELSEWHERE))
    external = [each["urn"] for each in exported["deployment"]["resources"] if each.get("external")]
    assert [urn.rpartition("::")[2] for urn in external] == ["read"]
    for found in (preview, state):
        assert {finding.resource for finding in found.findings} == {"owned"}
        assert ("redshift-aws-cluster-final-snapshot", "owned") in found.messages

"""The trace on the real engine: a destroy reads as a story, and no secret is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness import Code, cluster, program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.harness import Project

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-trace")]

PASSWORD, TAG, TOKEN = "Correct-Horse-99", "a-secret-cost-centre", "a-session-token"


def test_a_destroy_reads_as_a_story_without_a_secret(project: Project, tmp_path: Path) -> None:
    """Every call, every step and why, every wait; neither password, token nor secret tag."""
    trace = tmp_path / "trace.log"
    project.environment |= {
        "REDSHIFT_TEARDOWN_LOG": f"debug:{trace}",
        "AWS_SESSION_TOKEN": TOKEN,
    }
    stack = project.stack("prod")
    stack.pulumi("config", "set", "--secret", "password", PASSWORD, "--stack", stack.name).ok()
    stack.pulumi("config", "set", "--secret", "tag", TAG, "--stack", stack.name).ok()
    project.program(
        program(
            cluster(
                "wh",
                master_password=Code("config.require_secret('password')"),
                tags=Code("{'cost': config.require_secret('tag')}"),
            )
        )
    )

    stack.up().ok()
    stack.destroy().ok()

    text = trace.read_text(encoding="utf-8")
    for secret in (PASSWORD, TAG, TOKEN):
        assert secret not in text
    story = [
        "begin create",
        "call redshift:CreateCluster",
        "waiting for cluster",
        "end create",
        "begin delete",
        "call sts:GetCallerIdentity",
        "cluster is available, snapshots: none; next: delete the cluster with final snapshot",
        "call redshift:DeleteCluster",
        "SkipFinalClusterSnapshot=",
        "cluster is final-snapshot",
        "next: wait:",
        "call redshift:CreateTags",
        "next: done:",
        "end delete",
    ]
    at = 0
    for line in story:
        found = text.find(line, at)
        assert found >= 0, f"{line!r} is not in the trace after {text[max(0, at - 200) : at]!r}"
        at = found
    assert "ok, request " in text


def test_a_level_that_does_not_exist_is_refused(project: Project) -> None:
    """With the two forms that do."""
    project.environment |= {"REDSHIFT_TEARDOWN_LOG": "chatty"}
    stack = project.stack("dev")
    project.program(program(cluster("wh")))

    said = stack.preview().output

    assert "REDSHIFT_TEARDOWN_LOG='chatty' names no level of the trace" in said
    assert "Traceback" not in said

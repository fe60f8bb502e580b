"""Runs the questions on the emulator always, and on the real service where a maintainer asks for it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.aws.ground import PREFIX, Answers, AwsGround, EmulatorGround, Ground, clean_up
from tests.teardown.stage import staged

if TYPE_CHECKING:
    from collections.abc import Iterator

SWITCH = "REDSHIFT_TEARDOWN_AWS"
REGION = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
NODE_HOURS = 9
"""Six clusters of one or two ra3.large nodes for about an hour each, with a margin."""
NODE_PRICE = float(os.environ.get("REDSHIFT_TEARDOWN_NODE_PRICE", "0.543"))
"""US dollars per ra3.large node and hour; the list price in us-east-1 when this was written."""
REPORT = Path(".redshift-teardown") / "aws-facts.json"


def asked_for() -> bool:
    """Return whether a maintainer wants the real service asked."""
    return os.environ.get(SWITCH) == "1"


def pytest_report_header() -> list[str]:
    """Return in words what it will cost, before anything is made."""
    if not asked_for():
        return []
    cost = NODE_HOURS * NODE_PRICE
    return [
        f"asking the real Redshift in {REGION or '(no AWS_REGION is set)'}, with these credentials",
        f"up to 6 small clusters, one after another, in about 4 hours: about {NODE_HOURS} node hours",
        f"about ${cost:.2f}, at {NODE_PRICE} USD per node hour (REDSHIFT_TEARDOWN_NODE_PRICE)",
        f"everything is called {PREFIX}-… and deleted at the end, after Ctrl-C as well",
    ]


@pytest.fixture(scope="module", params=["emulator", "aws"])
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The emulator, and then the real service."""
    if request.param == "emulator":
        with staged(tmp_path_factory.mktemp("emulator")) as stage:
            emulated = EmulatorGround(stage)
            yield emulated
            assert clean_up(emulated) == []
            assert stage.ledger()["clusters"] == stage.ledger()["snapshots"] == {}
        return
    if not asked_for():
        pytest.skip(f"{SWITCH}=1 asks the real service, which costs money: `make test-aws`")
    if not REGION:
        pytest.exit("set AWS_REGION to where the clusters may be made", returncode=2)
    real = AwsGround(tmp_path_factory.mktemp("aws"), REGION)
    try:
        yield real
    finally:
        for left in clean_up(real):
            sys.stderr.write(f"NOT deleted, and it costs money: {left}\n")


@pytest.fixture(scope="module")
def answers(ground: Ground) -> Iterator[Answers]:
    """What the real service answered goes into a file."""
    made = Answers(ground.name)
    yield made
    if ground.name == "aws":
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(json.dumps(made.said, indent=2, default=str) + "\n", encoding="utf-8")
        sys.stderr.write(f"the answers are in {REPORT}\n")

"""The command `snapshots`: what it finds, how it tells, and how fast."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from click.testing import CliRunner

from redshift_teardown import process
from redshift_teardown.cli.commands import cli
from redshift_teardown.cli.money import Price
from redshift_teardown.cli.page import page
from redshift_teardown.emulator import Emulator
from redshift_teardown.reports.snapshots import report_snapshots
from redshift_teardown.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

    from redshift_teardown.emulator import Control

ACCOUNT = "111122223333"
REGIONS = ("eu-central-1", "us-east-1", "ap-southeast-2")
NOW = datetime.now(timezone.utc)


class Place:
    """An emulator over HTTP, and the command line in its environment."""

    def __init__(self, emulator: Emulator, environment: dict[str, str]) -> None:
        self.emulator = emulator
        self.environment = environment

    def settings(self) -> dict[str, Any]:
        """Return the configuration that says what the environment says."""
        return {
            "access_key": self.environment["AWS_ACCESS_KEY_ID"],
            "secret_key": "secret",
            "endpoints": (("redshift", self.emulator.url), ("sts", self.emulator.url)),
        }

    def control(self, region: str = REGIONS[0]) -> Control:
        """Steer the emulator in a region."""
        return self.emulator.control.at(ACCOUNT, region)

    def run(self, *arguments: str, code: int = 0, env: dict[str, str] | None = None) -> Result:
        """Run `snapshots`."""
        environment = {**self.environment, **(env or {})}
        ended = CliRunner().invoke(cli, ["snapshots", *arguments], env=environment)
        assert ended.exit_code == code, ended.output
        return ended

    def found(self, *arguments: str) -> dict[str, Any]:
        """Run `snapshots`, for a program."""
        document: dict[str, Any] = json.loads(self.run(*arguments, "--format", "json").stdout)
        return document

    def leave(self, name: str, stack: str = "prod", region: str = REGIONS[0], **fields: Any) -> None:
        """Put a final snapshot of a stack there."""
        tags = {
            "redshift-teardown:urn": f"urn:pulumi:{stack}::shop::pulumi-python:dynamic/redshift:Cluster::w",
            "pulumi:project": "shop",
            "pulumi:stack": stack,
            "redshift-teardown:rule": "production: policy/deletion-policy.yaml:13",
        }
        self.control(region).put_snapshot(
            name,
            f"warehouse-{stack}",
            **{"create_time": NOW - timedelta(days=10), "megabytes": 100_000, "tags": tags, **fields},
        )


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Place]:
    """An empty account, whose credentials are in the environment."""
    monkeypatch.setattr(process, "clients", {})
    monkeypatch.setattr(process, "sessions", {})
    with Emulator(speed=600) as emulator:
        yield Place(
            emulator,
            {
                "AWS_ENDPOINT_URL": emulator.url,
                "AWS_ACCESS_KEY_ID": f"AKIA{ACCOUNT}ABCD",
                "AWS_SECRET_ACCESS_KEY": "secret",
                "AWS_REGION": REGIONS[0],
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_CONFIG_FILE": str(tmp_path / "none"),
                "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
            },
        )


def test_what_is_told_of_a_snapshot(place: Place) -> None:
    """Size, times, cost and state of each are those that AWS tells."""
    place.leave("one", retention=35, shared_with=["444455556666"])

    (snapshot,) = place.found("--price", "0.1")["snapshots"]
    created, expires = (datetime.fromisoformat(snapshot[key]) for key in ("created", "expires"))

    assert (snapshot["project"], snapshot["stack"]) == ("shop", "prod")
    assert (snapshot["restorable"], snapshot["shared_with"]) == (True, ["444455556666"])
    assert expires - created == timedelta(days=35)
    assert snapshot["usd_per_month"] == 10.0
    assert snapshot["usd_so_far"] == pytest.approx(10 * 12 * 10 / 365.25, rel=0.01)
    assert snapshot["rule"] == "production: policy/deletion-policy.yaml:13"


def test_grouped_and_filtered(place: Place) -> None:
    """Snapshots stand by stack, newest first, and one stack can be asked for."""
    place.leave("old", create_time=NOW - timedelta(days=20), retention=-1)
    place.leave("new", retention=-1)
    place.leave("test", stack="test")

    everything = place.run().stdout
    names = [snapshot["identifier"] for snapshot in place.found()["snapshots"]]
    only = [snapshot["identifier"] for snapshot in place.found("--stack", "test")["snapshots"]]

    assert names == ["new", "old", "test"]
    assert only == ["test"]
    assert re.findall(r"^shop / \w+", everything, re.MULTILINE) == ["shop / prod", "shop / test"]
    assert "forever" in everything


def test_what_no_stack_knows(place: Place) -> None:
    """A manual snapshot of a cluster that is gone is a leftover; one of a living cluster is only counted."""
    redshift = boto3.client(
        "redshift",
        region_name=REGIONS[0],
        endpoint_url=place.emulator.url,
        aws_access_key_id=place.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key="secret",
    )
    redshift.create_cluster(
        ClusterIdentifier="alive",
        NodeType="ra3.large",
        ClusterType="single-node",
        MasterUsername="admin",
        MasterUserPassword="Correct-Horse-1",
        Tags=[{"Key": "redshift-teardown:creating", "Value": "urn:pulumi:prod::shop::t::w"}],
    )
    redshift.get_waiter("cluster_available").wait(ClusterIdentifier="alive", WaiterConfig={"Delay": 1})
    (alive,) = redshift.describe_clusters()["Clusters"]
    place.control().put_snapshot("by-hand", "alive", cluster_create_time=alive["ClusterCreateTime"])
    place.control().put_snapshot("of-a-former-life", "alive")
    place.control().put_snapshot("left-over", "gone")

    found = place.found()
    text = place.run().stdout

    assert {snapshot["identifier"] for snapshot in found["snapshots"]} == {"of-a-former-life", "left-over"}
    assert found["manual_snapshots_of_living_clusters"] == 1
    assert [each["cluster_identifier"] for each in found["unfinished_creates"]] == ["alive"]
    assert "claimed by no stack" in text
    assert "goes on with the next `pulumi up`" in text
    # A teardown that was killed before it could tag anything took it, for all that is known.
    assert "besides: 1 manual snapshot of a living cluster, without tags that say whose\n" in text
    place.control().put_snapshot("by-hand-too", "alive", cluster_create_time=alive["ClusterCreateTime"])
    assert "besides: 2 manual snapshots of living clusters, without tags that say whose" in place.run().stdout


def test_the_page_counts_what_is_there_once(place: Place) -> None:
    """One that is past its retention and still there costs: in the tile, in the total and in the curve."""
    place.leave("kept", retention=35, megabytes=100_000)
    (region,) = report_snapshots(Settings(**place.settings()), REGIONS[:1])
    (kept,) = region.snapshots
    over = replace(kept, identifier="over", megabytes=50_000, expires=NOW - timedelta(days=5))

    text = page(replace(region, snapshots=(kept, over)), Price(0.1), NOW)

    assert "<dt>cost a month</dt><dd>$15.00<" in text
    assert "$15.00 today, $0.00 at the end, at most $15.00." in text


def test_five_hundred_over_three_regions(place: Place) -> None:
    """Every one is found once, by full pages, in less than three seconds of work."""
    for number in range(500):
        place.leave(f"final-{number}", region=REGIONS[number % 3])
    where = [word for region in REGIONS for word in ("--region", region)]
    command = [sys.executable, "-m", "redshift_teardown.cli", "snapshots", *where, "--format", "json"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=place.environment, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    names = [snapshot["identifier"] for snapshot in json.loads(done.stdout)["snapshots"]]
    calls = place.emulator.control.calls("DescribeClusterSnapshots")
    # Wall time says more of what else this machine does.
    work = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)

    assert sorted(names) == sorted(f"final-{number}" for number in range(500))
    assert len(calls) == 6
    assert {call.parameters["MaxRecords"] for call in calls} == {"100"}
    assert work < 3


def test_a_region_that_does_not_answer(place: Place) -> None:
    """The others are told all the same, and the exit code says that something is missing."""
    place.leave("one")
    place.emulator.control.add_fault(
        "DescribeClusters", occurrence="every", code="AccessDenied", status=403, region=REGIONS[1]
    )

    ended = place.run("--region", REGIONS[0], "--region", REGIONS[1], code=1)

    assert "one" in ended.stdout
    assert f"{REGIONS[1]}: cannot list clusters in {REGIONS[1]}: AccessDenied" in ended.stderr


def test_all_regions(place: Place) -> None:
    """Every region is asked; those that do not know the credentials are not enabled, and passed over."""
    place.leave("far", region="sa-east-1")
    place.emulator.control.add_fault(
        "*", occurrence="every", code="InvalidClientTokenId", status=403, region="me-south-1"
    )

    found = place.found("--all-regions")

    assert [snapshot["region"] for snapshot in found["snapshots"]] == ["sa-east-1"]
    assert "me-south-1" not in found["regions"]
    assert found["problems"] == []


def test_credentials_that_no_region_takes(place: Place) -> None:
    """Wrong credentials are not taken for an account without regions."""
    place.emulator.control.add_fault("*", occurrence="every", code="InvalidClientTokenId", status=403)

    assert "no region took these credentials" in place.run("--all-regions", code=1).stderr


def test_no_region(place: Place) -> None:
    """Without a region the options that name one are named."""
    ended = place.run(code=1, env={"AWS_REGION": "", "AWS_DEFAULT_REGION": ""})

    assert "give --region or --all-regions" in ended.stderr


def test_markdown(place: Place) -> None:
    """For a pull request: a table a stack, and nothing in a cell that ends it."""
    place.leave("one")

    rows = [line for line in place.run("--format", "markdown").stdout.splitlines() if line.startswith("|")]

    assert [row.count("|") for row in rows] == [9, 9, 9]
    assert "| `one` | eu-central-1 |" in rows[2]


@pytest.mark.parametrize(("colours", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours(colours: dict[str, str], coloured: bool, place: Place) -> None:
    """Colours go to a terminal, unless NO_COLOR says otherwise."""
    place.leave("one", status="failed")

    shown = place.run(env={"FORCE_COLOR": "1", "COLUMNS": "200", **colours}).stdout

    assert ("\x1b[33m" in shown) is coloured


def test_narrow_terminal(place: Place) -> None:
    """A terminal that is too narrow for the table gets a list."""
    place.leave("one", retention=35)

    shown = place.run(env={"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "60"}).stdout
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)

    assert "    100.0 GB, $2.30 a month\n" in plain
    assert max(len(line) for line in plain.splitlines()[:-1]) <= 60


class Outline(HTMLParser):
    """Follows the elements of a page, and what they refer to."""

    VOID = frozenset({"meta", "line", "path", "i"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.references: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        self.seen.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID - {"i"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        """See an element without content."""
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element: the one that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Read along."""
        self.text += data


def test_the_page_is_one_whole_file(place: Place, tmp_path: Path) -> None:
    """The page refers to nothing outside of it, runs no script, and every element in it is closed."""
    place.leave("one")
    place.leave("two", stack="test", retention=70, status="failed")
    place.control().put_snapshot("left-over", "gone")
    file = tmp_path / "page.html"

    place.run("--html", str(file))
    outline = Outline()
    outline.feed(file.read_text("utf-8"))

    assert outline.open == []
    assert outline.references == []
    assert "script" not in outline.seen
    assert outline.seen.count("details") == 3
    assert "url(" not in file.read_text("utf-8")
    assert file.read_text("utf-8").split("as of")[1].split("\n", 1)[1] == place.run(
        "--format", "html"
    ).stdout.split("as of")[1].split("\n", 1)[1].removesuffix("\n")


def test_the_page_takes_nothing_for_markup(place: Place) -> None:
    """Whatever stands in a name or a tag is text on the page."""
    place.leave("one")
    (region,) = report_snapshots(Settings(**place.settings()), [REGIONS[0]])
    (snapshot,) = region.snapshots
    odd = replace(snapshot, project='"', stack="<b>&", rule="<script>alert(1)</script>")

    outline = Outline()
    outline.feed(page(replace(region, snapshots=(odd,)), Price(1), NOW))

    assert "script" not in outline.seen
    assert '" / <b>&' in outline.text


HOSTILE = "\x9b2Jx\u202e|<script>alert(1)</script>\n| `y` [l](u)"
"""As much of what a terminal, a table and a browser would obey as an answer of AWS can hold."""


@pytest.mark.parametrize("style", ["table", "json", "markdown", "html"])
@pytest.mark.parametrize("columns", ["60", "200"])
def test_what_aws_tells_is_no_command(style: str, columns: str, place: Place) -> None:
    """Identifiers and tags reach no terminal, table or page as anything but text."""
    tags = {
        "redshift-teardown:urn": f"urn:pulumi:prod::{HOSTILE}::x:y:Z::{HOSTILE}",
        "pulumi:project": HOSTILE,
        "pulumi:stack": HOSTILE,
        "redshift-teardown:rule": HOSTILE,
    }
    place.control().put_snapshot(HOSTILE, HOSTILE, status=HOSTILE, shared_with=[HOSTILE])
    place.control().set_snapshot(HOSTILE, tags=tags)

    shown = place.run("--format", style, env={"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": columns}).stdout
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", plain)
    if style == "markdown":
        assert "<script" not in plain
        assert {line.count("|") for line in plain.splitlines() if line.startswith("|")} == {9}
    if style == "html":
        outline = Outline()
        outline.feed(plain)
        assert "script" not in outline.seen


def test_a_page_without_snapshots(place: Place) -> None:
    """Where nothing is kept, the page says so."""
    assert "There is none." in place.run("--format", "html").stdout


def test_a_page_that_cannot_be_written(place: Place, tmp_path: Path) -> None:
    """A folder that is not there is told in words."""
    ended = place.run("--html", str(tmp_path / "no" / "page.html"), code=1)

    assert "page.html cannot be written: No such file or directory" in ended.stderr

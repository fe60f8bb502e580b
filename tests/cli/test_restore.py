"""The command `restore`: which line brings a snapshot back, and how it gets into the program."""

from __future__ import annotations

import ast
import json
import resource
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from redshift_teardown.cli.commands import cli
from redshift_teardown.cli.program import ProgramError, with_argument
from tests.cli.test_snapshots import NOW, Place, place
from tests.hostile import LINEAR, ratio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

__all__ = ["place"]

PROGRAM = """\
import pulumi
from redshift_teardown import Cluster

w = Cluster(
    "w",
    cluster_identifier="warehouse",  # ä comment, with (parentheses)
    tags={"a": "1"},
)
pulumi.export("arn", w.arn)
"""


def run(place: Place, *arguments: str, code: int = 0) -> Result:
    """Run `restore`."""
    ended = CliRunner().invoke(cli, ["restore", *arguments], env=place.environment)
    assert ended.exit_code == code, ended.output
    return ended


def test_the_program_of_another_project_is_not_edited(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack of the same name in another folder holds another cluster, with other data."""
    place.leave("last")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: other\nruntime: python\n", encoding="utf-8")
    (tmp_path / "__main__.py").write_text(PROGRAM, encoding="utf-8")

    ended = run(place, "--stack", "prod", "--write", code=1)

    assert "is of project shop, and the program here is of project other" in " ".join(ended.output.split())
    assert (tmp_path / "__main__.py").read_text(encoding="utf-8") == PROGRAM


@pytest.mark.parametrize(
    "call",
    [
        'Cluster("w", opts=o, args=a)',
        'Cluster("w", ClusterArgs(cluster_identifier="x"))',
        'Cluster("w", {"cluster_identifier": "x"}, o)',
        'Cluster("w", *rest)',
    ],
)
def test_arguments_in_an_object_are_not_edited(call: str) -> None:
    """Beside an object of arguments no other may stand, and what is in it may contradict: by hand."""
    program = f"from redshift_teardown import Cluster, ClusterArgs\n{call}\n"
    with pytest.raises(ProgramError, match="by hand"):
        with_argument(program, "w", "restore_final_snapshot", "True")


@pytest.mark.parametrize(
    "said", ['pulumi.Config().require_bool("restore")', '(pulumi.get_stack()\n == "prod")', "restore"]
)
def test_what_the_program_finds_out_is_left_to_it(said: str) -> None:
    """It is not for one stack only: another line of the configuration, or a person, says it."""
    program = (
        f'import pulumi\nfrom redshift_teardown import Cluster\nCluster("w", restore_final_snapshot={said})\n'
    )
    with pytest.raises(ProgramError, match="which the program finds out by itself"):
        with_argument(program, "w", "restore_final_snapshot", "True")


def test_the_newest_needs_no_name(place: Place) -> None:
    """The newest final snapshot of a stack is restored by `restore_final_snapshot`, an older one by name."""
    place.leave("old", create_time=NOW - timedelta(days=20))
    place.leave("new")

    newest = json.loads(run(place, "--stack", "prod", "--format", "json").stdout)
    older = json.loads(run(place, "old", "--format", "json").stdout)

    assert (newest["snapshot"], newest["line"]) == ("new", "restore_final_snapshot=True")
    assert (older["snapshot"], older["line"]) == ("old", 'snapshot_identifier="old"')
    assert newest["commands"] == [
        "pulumi config set aws:region eu-central-1 --stack prod",
        "pulumi up --stack prod",
    ]


def test_told_to_a_person(place: Place) -> None:
    """Snapshot, size, when it was taken, until when it is kept, line and commands."""
    place.leave("new", retention=35)

    text = run(place, "--stack", "prod").stdout

    assert "snapshot  new\n          100.0 GB, of cluster warehouse-prod\n" in text
    taken, kept = NOW - timedelta(days=10), NOW + timedelta(days=25)
    assert f"taken     {taken:%Y-%m-%d}, kept until {kept:%Y-%m-%d}" in text
    assert text.rstrip().endswith("pulumi up --stack prod")
    assert "program   restore_final_snapshot=True\n" in text


def test_written_into_the_program(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--write` adds the line to the resource's call and touches nothing else; twice is once."""
    place.leave("new")
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n", encoding="utf-8")
    program = tmp_path / "__main__.py"
    program.write_text(PROGRAM, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    run(place, "--stack", "prod", "--write")
    once = program.read_text("utf-8")
    run(place, "--stack", "prod", "--write")

    assert once == PROGRAM.replace(
        '    tags={"a": "1"},\n', '    tags={"a": "1"},\n    restore_final_snapshot=True,\n'
    )
    assert program.read_text("utf-8") == once


def test_a_full_disk_leaves_the_program_as_it_is(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No half of a program, and no left-over beside it."""
    place.leave("new")
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n", encoding="utf-8")
    program = tmp_path / "__main__.py"
    # More than a buffer holds, so that a part of it would be written.
    text = PROGRAM + "# more\n" * 20_000
    program.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        ended = run(place, "--stack", "prod", "--write", code=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert "cannot be edited: File too large" in ended.output
    assert program.read_text(encoding="utf-8") == text
    assert not (tmp_path / "__main__.py.partial").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Cluster("w")', 'Cluster("w", a=True)'),
        ('Cluster("w",)', 'Cluster("w", a=True)'),
        ('rt.Cluster("w", b=f(1, 2))', 'rt.Cluster("w", b=f(1, 2), a=True)'),
        ('Cluster("w", a=False, b=1)', 'Cluster("w", a=True, b=1)'),
        ('Cluster(\n    "w",\n    b=1\n)', 'Cluster(\n    "w",\n    b=1,\n    a=True,\n)'),
        ('Cluster(\n    "w",\n    b=1,  # x, y\n)', 'Cluster(\n    "w",\n    b=1,  # x, y\n    a=True,\n)'),
        ('Cluster(\n    "w",\n    b=1  # x, y\n)', 'Cluster(\n    "w",\n    b=1,  # x, y\n    a=True,\n)'),
        ('é = Cluster("w", b="ü")', 'é = Cluster("w", b="ü", a=True)'),
        ('Cluster("w", b=("x"))', 'Cluster("w", b=("x"), a=True)'),
        (
            'Cluster(\n    "w",\n    b=(\n        "x"\n        "y"\n    ),\n)',
            'Cluster(\n    "w",\n    b=(\n        "x"\n        "y"\n    ),\n    a=True,\n)',
        ),
        (
            'Cluster(\n    "w",\n    b=(\n        2 if x else 3))',
            'Cluster(\n    "w",\n    b=(\n        2 if x else 3), a=True)',
        ),
        (
            'Cluster(\n    "w",\n    b={}  # x\n    ,\n)',
            'Cluster(\n    "w",\n    b={}  # x\n    ,\n    a=True,\n)',
        ),
        (
            'Cluster("w", b=1,\f\n    c="a\u2028b", d=2)',
            'Cluster("w", b=1,\f\n    c="a\u2028b", d=2, a=True)',
        ),
        ('Cluster(\r\n    "w",\r\n    b=1\r\n)', 'Cluster(\r\n    "w",\r\n    b=1,\r\n    a=True,\r\n)'),
    ],
)
def test_every_way_to_write_a_call(text: str, expected: str) -> None:
    """The argument is added as the call is written, and the program is still Python."""
    imported = "import redshift_teardown as rt\nfrom redshift_teardown import Cluster\n"

    assert with_argument(imported + text, "w", "a", "True") == imported + expected
    ast.parse(expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Cluster(", "line 2: this is no Python"),
        ("Cluster('\0')", "this is no Python"),
        ("x = " + "-" * 5000 + "1", "nested too deeply to be read; write a=True by hand"),
        ("x = " + "(" * 150 + "1" + ")" * 150 + "\nCluster('v')", "holds none of"),
        ("x = " + ".y" * 20_000, "this is no Python"),
        ("x = y" + ".y" * 20_000, "by hand"),
        ('Cluster("v")', 'holds none of Cluster("w", …)'),
        ('Cluster("w"); Cluster("w")', 'holds 2 of Cluster("w", …)'),
        ('Cluster("w", b=1)', "line 2: the cluster has b already"),
        ('Cluster("w", **c)', "line 2: the cluster takes arguments with `**`"),
        ('x = 1\rCluster("w", c=1)', "lines that end with a carriage return alone"),
    ],
)
def test_programs_that_are_left_alone(text: str, said: str) -> None:
    """What cannot be told from the text is said, with what to write by hand."""
    with pytest.raises(ProgramError) as refused:
        with_argument(f"from redshift_teardown import Cluster\n{text}", "w", "a", "True", others=("b",))

    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("from redshift_teardown import Cluster as Warehouse", "Warehouse"),
        ("import redshift_teardown", "redshift_teardown.Cluster"),
        ("import redshift_teardown as rt", "rt.Cluster"),
        ("from redshift_teardown.cluster import Cluster as C", "C"),
        ("import redshift_teardown.cluster", "redshift_teardown.cluster.Cluster"),
        ("import redshift_teardown.cluster as c", "c.Cluster"),
        ("from redshift_teardown import *", "Cluster"),
    ],
)
def test_the_cluster_of_this_package_is_found_by_its_import(imports: str, call: str) -> None:
    """Whatever it is called in the program, it is edited; another library's beside it is not."""
    before = f"from pulumi_aws import ecs\n{imports}\necs.Cluster('w')\n"

    assert with_argument(f"{before}{call}('w')\n", "w", "a", "True") == f"{before}{call}('w', a=True)\n"


@pytest.mark.parametrize(
    "text",
    [
        "from pulumi_aws import ecs\necs.Cluster('w')",
        "from pulumi_aws import ecs\nfrom redshift_teardown import Cluster as Warehouse\necs.Cluster('w')",
        "from pulumi_aws.ecs import Cluster\nCluster('w')",
        "from pulumi_aws.ecs import Cluster\nfrom redshift_teardown import Cluster\nCluster('w')",
        "from redshift_teardown import Cluster\nfrom helpers import *\nCluster('w')",
        "try:\n from redshift_teardown import Cluster\nexcept ImportError:\n Cluster = None\nCluster('w')",
        "from redshift_teardown import Cluster\ndef make(Cluster):\n    Cluster('w')",
        "import redshift_teardown as rt\nfor rt in others:\n    rt.Cluster('w')",
        "import redshift_teardown as rt\nrt.Cluster = ecs.Cluster\nrt.Cluster('w')",
        "from .redshift_teardown import Cluster\nCluster('w')",
        "from redshift_teardown import Cluster\nclass Warehouse(Cluster): ...\nWarehouse('w')",
        "def cluster(): return rt\nimport redshift_teardown as rt\ncluster().Cluster('w')",
        "Cluster('w')",
    ],
)
def test_a_cluster_that_may_be_somebody_elses_is_left_alone(text: str) -> None:
    """The line is told instead, to be written by hand."""
    with pytest.raises(ProgramError, match="next: write this line into it by hand: a=True"):
        with_argument(text, "w", "a", "True")


@pytest.mark.parametrize(
    "make",
    [
        lambda size: "x = 1\n" * (size // 6),
        lambda size: "ecs.Cluster('w')\n" * (size // 17),
        lambda size: "x = [" + "Cluster(1)," * (size // 11) + "]",
        lambda size: "x = y" + ".y()" * (min(size, 4000) // 4),
        lambda size: "Cluster('w',\n" + "# a comment\n" * (size // 12) + ")",
    ],
    ids=["lines", "calls", "list", "chain", "comments"],
)
def test_a_program_is_edited_in_linear_time(make: Callable[[int], str]) -> None:
    """Ten times the size is ten times the work."""

    def edit(text: str) -> None:
        try:
            with_argument(text, "w", "a", "True")
        except ProgramError:
            return

    head = "from redshift_teardown import Cluster\n"
    assert ratio(lambda size: head + make(size), edit) < LINEAR


def test_nothing_to_restore(place: Place) -> None:
    """No snapshot, an unfinished one and an unclaimed one are told apart."""
    none = run(place, "--stack", "prod", code=1).stderr
    place.leave("broken", status="failed")
    broken = run(place, "--stack", "prod", code=1).stderr
    place.control().put_snapshot("left-over", "gone")
    unclaimed = run(place, "left-over", "--write", "--program", __file__, code=1).stderr

    assert "there is no final snapshot of stack prod in eu-central-1" in none
    assert "broken cannot be restored now: it is failed" in broken
    assert 'write snapshot_identifier="left-over" by hand' in unclaimed


def test_a_stack_that_was_renamed_is_looked_for_by_its_old_name(place: Place) -> None:
    """The tags say what it was called at its last `up`: which names there are is told, nothing else."""
    place.leave("last", stack="before")
    place.control().put_snapshot("left-over", "gone")

    none = run(place, "--stack", "prod", code=1).stderr
    listed = CliRunner().invoke(cli, ["snapshots", "--stack", "prod"], env=place.environment)

    for said in (none, listed.stderr):
        words = " ".join(said.split())
        assert "the name that its stack had at the destroy; there are some of shop / before" in words
    assert "left-over" not in none + listed.output
    run(place, "--stack", "before")


def deny(place: Place, region: str) -> None:
    """Let AWS refuse to list snapshots in a region."""
    place.control().add_fault(
        "DescribeClusterSnapshots", occurrence="every", code="AccessDenied", status=403, region=region
    )


def test_where_listing_is_denied_nothing_is_said_not_to_be_there(place: Place) -> None:
    """It could not ask; a region that it could ask is told apart."""
    place.leave("one", region="us-east-1", stack="other")
    deny(place, "eu-central-1")

    alone = run(place, "--stack", "prod", code=1).stderr
    beside = run(place, "one-more", "--region", "us-east-1", "--region", "eu-central-1", code=1).stderr

    assert alone.startswith(
        "whether there is a final snapshot of stack prod is not known: eu-central-1 could not"
    )
    assert "AccessDenied" in alone
    assert "there is no" not in alone
    assert beside.startswith("whether there is a snapshot one-more is not known: eu-central-1 could not")
    assert "\nthere is none in us-east-1\n" in beside


def test_the_newest_is_not_known_where_a_region_could_not_be_asked(place: Place) -> None:
    """What is found is told, with the caution that there may be a newer one; a program reads it too."""
    place.leave("one", region="us-east-1")
    deny(place, "eu-central-1")
    where = ("--stack", "prod", "--region", "us-east-1", "--region", "eu-central-1")

    text = run(place, *where).stdout
    told = json.loads(run(place, *where, "--format", "json").stdout)

    caution = " ".join(text.partition("caution")[2].split())
    assert caution.startswith("eu-central-1 could not be asked, so there may be a newer one: ")
    assert told["caution"].startswith("eu-central-1 could not be asked")
    named = json.loads(run(place, "one", *where[2:], "--format", "json").stdout)
    assert named["caution"] is None


def test_a_void_one_has_its_caution_for_a_program_too(place: Place) -> None:
    """It may be restored by name; whoever reads it hears what it lacks, in either form."""
    place.leave("good", create_time=NOW - timedelta(days=20))
    place.leave("voided")
    void = {"redshift-teardown:void": "2026-01-02T03:04:05Z"}
    tags = {
        "redshift-teardown:urn": "urn:pulumi:prod::shop::t::w",
        "pulumi:project": "shop",
        "pulumi:stack": "prod",
    }
    place.control().set_snapshot("voided", tags={**tags, **void})

    text = run(place, "voided").stdout
    told = json.loads(run(place, "voided", "--format", "json").stdout)
    good = json.loads(run(place, "good", "--format", "json").stdout)

    assert told["caution"].startswith("void: its cluster was alive after it")
    assert " ".join(text.partition("caution")[2].split()).startswith(told["caution"])
    assert good["caution"] is None


def test_wrong_usage(place: Place) -> None:
    """Neither a snapshot nor a stack: nothing is guessed."""
    assert "name a SNAPSHOT" in run(place, code=2).stderr

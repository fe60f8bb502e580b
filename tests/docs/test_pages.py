"""The documentation holds together: its pages say what the code says, and every link leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from redshift_teardown.aws.arguments import ARGUMENTS, Change
from tests.docs.blocks import ROOT
from tests.long import of_the_long_ones
from tools.docs import build

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the tools."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_written_pages_are_current() -> None:
    """An argument or an option that changes takes its page along."""
    done = run("tools/docs/generate.py", "--check")

    assert (done.returncode, done.stderr) == (0, "")


def test_the_page_on_replacement_names_what_replaces() -> None:
    """Every argument that does, and no other."""
    text = (ROOT / "docs" / "replacement.md").read_text("utf-8")
    named = re.findall(
        r"`(\w+)`", text.partition("deletes the cluster and creates another:")[2].partition("[")[0]
    )

    assert sorted(named) == sorted(each.name for each in ARGUMENTS if each.change is Change.REPLACE)


def test_the_readme_has_the_measurements_of_the_documentation() -> None:
    """Both were written by the same run of the bench."""
    measured = re.compile(r"<!-- measured -->\n(.*?)<!-- /measured -->", re.DOTALL)
    readme, page = (
        measured.findall((ROOT / name).read_text("utf-8")) for name in ("README.md", "docs/scale.md")
    )

    assert readme == page
    assert "DOES NOT HOLD" in readme[0] or "holds: " in readme[0]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A documentation of two pages, in a repository of its own."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("# Start\n\n## Two words\n", encoding="utf-8")
    (tmp_path / "code.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(build, "CLONE", tmp_path)
    monkeypatch.setattr(build, "SOURCE", tmp_path / "build" / "source")
    monkeypatch.setattr(build, "ELSEWHERE", {"pack/README.md": "pack.md"})
    monkeypatch.setattr(build, "BESIDES", ())
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack/README.md").write_text("# Pack\n\n[start](../docs/index.md#two-words)\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("[a](nothing.md)", "docs/index.md: there is no nothing.md"),
        ("[a](../nothing.py)", "docs/index.md: there is no ../nothing.py"),
        ("[a](#nowhere)", "docs/index.md: there is no heading #nowhere in docs/index.md"),
        ("[a](../pack/README.md#no)", "docs/index.md: there is no heading #no in pack/README.md"),
    ],
)
def test_links_to_nothing(link: str, problem: str, small: Path) -> None:
    """A link to a file or a heading that is not there fails the build, with its page."""
    (small / "docs/index.md").write_text(f"# Start\n\n## Two words\n\n{link}\n", encoding="utf-8")

    with pytest.raises(build.DocsError) as refused:
        build.gather()

    assert str(refused.value) == problem


def test_links_are_turned(small: Path) -> None:
    """A link to a page that lies elsewhere leads to it, one to a file names it, and code is left alone."""
    text = "# Start\n\n## Two words\n\n[p](../pack/README.md) [c](../code.py)\n\n```\n[a](nothing)\n```\n"
    (small / "docs/index.md").write_text(text, encoding="utf-8")

    build.gather()
    index = (small / "build/source/index.md").read_text("utf-8")

    assert "[p](pack.md) c (`code.py`)" in index
    assert "[a](nothing)" in index
    assert "[start](index.md#two-words)" in (small / "build/source/pack.md").read_text("utf-8")
    assert re.search(r":caption: Explanation\n\npack\n", index)


@pytest.mark.slow
@of_the_long_ones
def test_it_builds_without_a_warning() -> None:
    """Sphinx takes every page, and the pages fetch nothing from elsewhere."""
    done = run("tools/docs/build.py")
    pages = list((ROOT / "build" / "docs").rglob("*.html"))
    fetched = [
        found
        for page in pages
        for found in re.findall(
            r'<(?:script|img|link)[^>]*(?:src|href)="(https?://[^"]*)', page.read_text("utf-8")
        )
    ]

    assert (done.returncode, done.stderr) == (0, "")
    assert fetched == []
    assert len(pages) > 20

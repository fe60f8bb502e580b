"""Builds the documentation, strictly, from the pages as they are read in the repository.

    python tools/docs/build.py            write build/docs
    python tools/docs/build.py --check    read and link everything, write nothing

The pages are plain Markdown, whose links may point to any file of the repository. Before Sphinx reads them
they are gathered in build/docs-source: a link to a page stays one, a link to another file becomes that file's
name, and a link to nothing fails the build. So does one to a heading that is not there, in these pages and in
the README and its neighbours. Nothing is fetched from anywhere.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

CLONE = Path(__file__).resolve().parents[2]
SOURCE = CLONE / "build" / "docs-source"
OUTPUT = CLONE / "build" / "docs"

ELSEWHERE = {"policy/README.md": "policy-pack.md"}
"""Pages that lie beside what they tell of."""

BESIDES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
"""Files that are no pages, whose links are checked all the same."""

NAVIGATION = (
    ("Start", ("quick-start",)),
    (
        "How to",
        (
            "how-to/protect-a-stack",
            "migrate-from-pulumi-aws",
            "policies/ci",
            "how-to/example-stack",
            "how-to/plan-a-destroy",
            "how-to/restore",
            "how-to/keep-an-eye-on-snapshots",
            "how-to/rehearse-a-teardown",
            "troubleshooting",
        ),
    ),
    (
        "Reference",
        ("deletion-policy", "configuration", "arguments", "command-line", "iam-policy", "policy-pack"),
    ),
    ("Policies of the pack", ("policies/redshift-*",)),
    (
        "Explanation",
        (
            "three-lines-of-defence",
            "what-it-cannot-stop",
            "state",
            "replacement",
            "scale",
            "why-not-hooks",
            "comparison",
        ),
    ),
)

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"(^```.*?^```[^\n]*$)", re.MULTILINE | re.DOTALL)

CONFIGURATION = """\
project = "redshift-teardown"
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "redshift-teardown"
html_copy_source = False
html_show_sphinx = False
nitpicky = True
suppress_warnings = []
"""


class DocsError(Exception):
    """Something does not hold together; the message says where."""


def main(arguments: list[str]) -> int:
    """Build; 1 where something does not hold together."""
    try:
        gather()
    except DocsError as error:
        print(error, file=sys.stderr)
        return 1
    builder = "dummy" if "--check" in arguments else "dirhtml"
    options = ["-b", builder, "-W", "--keep-going", "-q", "-E", "-j", "auto"]
    return build_main([*options, str(SOURCE), str(OUTPUT if builder == "dirhtml" else SOURCE / "_check")])


def gather() -> None:
    """Put all pages, with their links turned, where Sphinx reads them.

    Raises:
        DocsError: links that point to nothing; all of them.
    """
    shutil.rmtree(SOURCE, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    pages = {f"docs/{file.relative_to(CLONE / 'docs')}": str(file.relative_to(CLONE / "docs")) for file in
             sorted((CLONE / "docs").rglob("*.md"))}  # fmt: skip
    pages.update(ELSEWHERE)
    problems: list[str] = []
    for origin, name in pages.items():
        text = _turned(origin, name, pages, problems)
        if name == "index.md":
            text += _navigation(set(pages.values()))
        file = SOURCE / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for picture in (CLONE / "docs").glob("*.svg"):
        shutil.copy2(picture, SOURCE)
    for origin in BESIDES:
        _turned(origin, origin, pages, problems)
    if problems:
        raise DocsError("\n".join(problems))
    (SOURCE / "conf.py").write_text(CONFIGURATION, encoding="utf-8")


def _turned(origin: str, name: str, pages: dict[str, str], problems: list[str]) -> str:
    """Return a page's text with its links as they are among the gathered pages."""
    text = (CLONE / origin).read_text(encoding="utf-8")

    def turned(link: re.Match[str]) -> str:
        words, target = link.groups()
        path, hash_, anchor = target.partition("#")
        if "://" in path or path.startswith("mailto:"):
            return link[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(origin), path)) if path else origin
        if not (CLONE / file).exists():
            problems.append(f"{origin}: there is no {target}")
        elif anchor and file.endswith(".md") and anchor not in _anchors(file):
            problems.append(f"{origin}: there is no heading #{anchor} in {file}")
        elif file in pages:
            to = posixpath.relpath(pages[file], posixpath.dirname(name) or ".") if path else ""
            return f"[{words}]({to}{hash_}{anchor})"
        return words if words.startswith("`") else f"{words} (`{file}`)"

    parts = _FENCE.split(text)
    return "".join(part if part.startswith("```") else _LINK.sub(turned, part) for part in parts)


def _anchors(file: str) -> set[str]:
    """Return the anchors of a file's headings, as they are made of their words."""
    text = _FENCE.sub("", (CLONE / file).read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def _navigation(present: set[str]) -> str:
    """Write the tables of contents; a page that the navigation does not name stands with the explanations."""
    names = {page.removesuffix(".md") for page in present} - {"index"}
    listed: dict[str, list[str]] = {}
    for title, entries in NAVIGATION:
        listed[title] = [
            name
            for entry in entries
            for name in (
                sorted(n for n in names if n.startswith(entry[:-1])) if entry.endswith("*") else [entry]
            )
            if name in names
        ]
    rest = sorted(names - {name for entries in listed.values() for name in entries})
    listed["Explanation"] += rest
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{chr(10).join(entries)}\n```\n"
        for title, entries in listed.items()
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

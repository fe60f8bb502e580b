"""The blocks of code of the documentation, and what is said about each in a comment before it.

A comment right before a block, which no reader sees, says how it is to be tested:

    <!-- file: PATH -->          the block is written to that file of the page's project
    <!-- exit: 3 -->             its commands end with that code; 0 unless said
    <!-- background: TEXT -->    it runs on until the end of the page, and has printed TEXT by then
    <!-- not run: REASON -->     it cannot be run here, for a reason that a reviewer accepts

In a `console` block lines that begin with `$ ` are commands; the others are what they print, in order, with
`…` for what differs from run to run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CODE: Final = ("python", "yaml", "console")
WORDS: Final = ("", "text")
"""Blocks that are shown as they are: what a program prints."""

_BLOCK = re.compile(
    r"(?:^<!-- (?P<key>file|exit|background|not run): (?P<value>.*?) -->\n)?"
    r"^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_COMMAND = re.compile(r"^(make|pulumi|pip|python3?|redshift-teardown|aws|eval|git|docker)\b", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        page: The page it stands on, from the root of the repository.
        line: Where it begins.
        language: As the fence says.
        text: What is in it.
        said: What the comment before it says, key and value.

    """

    page: str
    line: int
    language: str
    text: str
    said: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The commands of a console block; of one without a language, every line."""
        if self.language == "console":
            return [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]
        return [line.partition("  #")[0].strip() for line in self.text.splitlines() if line.strip()]

    @property
    def output(self) -> list[str]:
        """What the commands of a console block print."""
        return [line for line in self.text.splitlines() if line and not line.startswith("$ ")]

    @property
    def runs(self) -> bool:
        """Whether it holds commands: a fence without a language hides none."""
        return self.language == "console" or (self.language in WORDS and bool(_COMMAND.match(self.text)))


def pages() -> list[str]:
    """Return every page, from the root of the repository."""
    found = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "docs").rglob("*.md"))
    return ["README.md", *found]


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of a page, in their order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start("language")) + 1,
            found["language"],
            found["text"],
            {found["key"]: found["value"]} if found["key"] else {},
        )
        for found in _BLOCK.finditer(text)
    ]

"""What is wrong with a deletion policy, where, and what to write instead."""

from __future__ import annotations

import difflib
import json
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A report longer than this helps nobody; the first mistakes explain the rest.
MOST_PROBLEMS_SHOWN = 50
# What fits beside the line number on a terminal of ordinary width.
EXCERPT_WIDTH = 96
_SHOWN_WIDTH = 48


@dataclass(frozen=True)
class Position:
    """A line of a policy file.

    Attributes:
        source: The file as it is displayed, usually relative to the project.
        line: The line, counted from 1.
    """

    source: str
    line: int

    def __str__(self) -> str:
        return f"{self.source}:{self.line}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a deletion policy.

    Attributes:
        source: The file as it is displayed.
        line: The line, counted from 1; 0 where the file as a whole is meant.
        column: The column, counted from 1 in characters; 0 where a line or the file as a whole is meant.
        message: What is wrong, in one sentence.
        hint: What to write instead; empty where the message says it already.
        excerpt: The source line; empty where there is none to show.
    """

    source: str
    line: int
    column: int
    message: str
    hint: str = ""
    excerpt: str = ""

    @property
    def where(self) -> str:
        """The place as `file:line:column`, as far as it is known."""
        parts = [self.source]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)

    def render(self) -> str:
        """Return the problem as text: place, message, source line with a caret, and what to write instead."""
        lines = [f"{self.where}: {self.message}"]
        if self.excerpt:
            text, offset = _window(self.excerpt, self.column)
            margin = f"{self.line:>5} | "
            lines.append(f"{margin}{text}".rstrip())
            if self.column:
                lines.append(f"{' ' * (len(margin) - 2)}| {' ' * offset}^")
        if self.hint:
            lines.append(f"      write instead: {self.hint}")
        return "\n".join(lines)


class Objection(NamedTuple):
    """What is wrong with a single text, and what to write instead."""

    message: str
    hint: str


class PolicyError(Exception):
    """A deletion policy that cannot be used; its text is the whole report.

    Attributes:
        problems: Everything that was found, in the order of the file.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        shown = [problem.render() for problem in self.problems[:MOST_PROBLEMS_SHOWN]]
        hidden = len(self.problems) - len(shown)
        if hidden:
            shown.append(f"… and {hidden} more")
        return "\n".join(shown)


def shown(text: str) -> str:
    """Quote a piece of somebody's file for a message: on one line, and not too long."""
    if len(text) > _SHOWN_WIDTH:
        text = text[: _SHOWN_WIDTH - 1] + "…"
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text) + '"'


def quoted(text: str) -> str:
    """Quote a text as it can be written in a policy."""
    return json.dumps(text, ensure_ascii=False)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that somebody most likely meant.

    Args:
        word: What was written.
        known: The words that would have been right.

    Returns:
        The nearest known word, or None where nothing is near.
    """
    by_folded = {candidate.casefold(): candidate for candidate in known}
    begins = [candidate for candidate in by_folded if len(word) > 1 and candidate.startswith(word.casefold())]
    if len(begins) == 1:
        return by_folded[begins[0]]
    # Words far longer than any known one are nobody's slip, and difflib is slow on them.
    found = difflib.get_close_matches(word[:_SHOWN_WIDTH].casefold().replace("-", "_"), by_folded, n=1)
    if not found:
        found = difflib.get_close_matches(word[:_SHOWN_WIDTH].casefold(), by_folded, n=1)
    return by_folded[found[0]] if found else None


def listed(words: Iterable[str], last: str = "and") -> str:
    """Return words as a person lists them: `a, b and c`."""
    *most, end = words
    return f"{', '.join(most)} {last} {end}" if most else end


def _window(line: str, column: int) -> tuple[str, int]:
    """Cut a long line to the part around a column, and count the cells in front of that column."""
    text = "".join(c if c.isprintable() else " " for c in line)
    index = max(column - 1, 0)
    start = 0
    if len(text) > EXCERPT_WIDTH:
        start = max(0, min(index - EXCERPT_WIDTH // 2, len(text) - EXCERPT_WIDTH))
    cut = text[start : start + EXCERPT_WIDTH]
    prefix = "…" if start else ""
    suffix = "…" if start + EXCERPT_WIDTH < len(text) else ""
    before = prefix + cut[: index - start]
    return prefix + cut + suffix, sum(_cells(c) for c in before)


def _cells(character: str) -> int:
    """How many cells of a terminal a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

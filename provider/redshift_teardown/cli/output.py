"""Writing to the terminal. Colours go where a terminal is and NO_COLOR is not set; rich sees to both."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
from rich.console import Console
from rich.progress import track
from rich.text import Span, Text

from redshift_teardown.escaping import CONTROL, as_json, lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from redshift_teardown.deletion_policy import PolicyError, Problem

T = TypeVar("T")


def say(text: Text | str, *, err: bool = False) -> None:
    """Write a line, never broken and never read as markup: brackets in it belong to somebody's file.

    What a terminal would take for a command is shown, also in a pipe, whose end is often a terminal.

    Args:
        text: The line, plain or styled.
        err: Whether it goes to standard error.
    """
    # A console for each call, since standard output may be another one by then.
    console = Console(stderr=err, highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(harmless(text))


def harmless(text: Text | str) -> Text:
    """Return a text, its styles kept, in which what a terminal would take for a command is shown."""
    whole = Text(text) if isinstance(text, str) else text
    places, grown = [], [0]
    for found in CONTROL.finditer(whole.plain):
        places.append(found.start())
        grown.append(grown[-1] + len(lines(found[0])) - 1)

    def moved(place: int) -> int:
        return place + grown[bisect_left(places, place)]

    shown = Text(lines(whole.plain), style=whole.style)
    shown.spans = [Span(moved(span.start), moved(span.end), span.style) for span in whole.spans]
    return shown


NARROW = 120
"""Columns below which a table would be wrapped beyond reading."""
_PIPE = 1000


def is_narrow() -> bool:
    """Return whether standard output is a terminal too narrow for a wide table."""
    console = Console()
    return console.is_terminal and console.width < NARROW


def say_table(table: Table) -> None:
    """Write a table: as wide as the terminal is, and in a pipe as wide as it needs to be."""
    console = Console(highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        console.print(table)
        return
    console = Console(highlight=False, markup=False, emoji=False, width=_PIPE)
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def say_json(value: Any) -> None:
    """Write a value as JSON."""
    click.echo(as_json(value))


def progress(items: Iterable[T], words: str, total: int) -> Iterable[T]:
    """Go through items with a bar on standard error, where that is a terminal and there is more than one.

    Args:
        items: What is gone through.
        words: What is being done.
        total: How many there are.
    """
    console = Console(stderr=True)
    if total < 2 or not console.is_terminal:  # noqa: PLR2004 - one is no progress
        return items
    return track(items, words, total, console=console, transient=True)


def styled(problem: Problem) -> Text:
    """Colour a problem: place, message and caret stand out."""
    first, *rest = problem.render().split("\n")
    text = Text(problem.where, style="bold")
    text.append(first[len(problem.where) :], style="bold red")
    for line in rest:
        caret = line.lstrip(" |") == "^"
        text.append(f"\n{line}", style="bold red" if caret else "")
    return text


def refuse(error: PolicyError) -> NoReturn:
    """Return what is wrong with a policy, and end with exit code 1."""
    for problem in error.problems:
        say(styled(problem), err=True)
    raise SystemExit(1)

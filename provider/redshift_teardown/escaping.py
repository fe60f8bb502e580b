r"""Writing what others wrote: into a terminal, a cell of Markdown, HTML, JSON. Each place has its own signs.

A name of a resource, a tag or a text of a policy may hold anything. What a terminal would take for a command
(ESC, CSI, a change of direction) is shown as ``\x1b``; what would end a cell or a line is shown or replaced.
"""

from __future__ import annotations

import html
import io
import json
import re
import sys
from typing import Any

# C0 but tab and newline, DEL, C1, marks of direction, separators of lines, surrogates, noncharacters.
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_CELL = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "\\": "&#92;", "[": "&#91;"}
_PLAIN_CODE = re.compile(r"[^`|<>&\\]*")


def show_what_is_not_encoded() -> None:
    """Let standard output and error show signs that their encoding lacks, in place of failing on them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def lines(text: str) -> str:
    """Show a text in a terminal: newlines and tabs stay, what else is no sign to be seen is shown."""
    return CONTROL.sub(lambda found: _shown(found[0]), text)


def one_line(text: str) -> str:
    r"""Show a text in a line of a terminal: newlines are shown as ``\n``, too."""
    return lines(text).replace("\n", "\\n").replace("\t", "\\t")


def cell(text: str) -> str:
    """Put a text into a cell or a line of Markdown: one line, no markup of tables, links or HTML in it."""
    return "".join(_CELL.get(sign, sign) for sign in lines(" ".join(text.split())))


def code(text: str) -> str:
    """Put a text into a cell or a line of Markdown as code."""
    shown = lines(" ".join(text.split()))
    if shown and _PLAIN_CODE.fullmatch(shown):
        return f"`{shown}`"
    return f"<code>{cell(shown).replace('`', '&#96;')}</code>"


def markup(text: str) -> str:
    """Put a text into HTML, into an element or an attribute."""
    return html.escape(one_line(text))


def as_json(value: Any) -> str:
    """Write a value as JSON, which a terminal may show as it is; it reads back as the same value."""
    written = json.dumps(value, indent=2, ensure_ascii=False)
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def _shown(sign: str) -> str:
    number = ord(sign)
    return "\\r" if sign == "\r" else (f"\\x{number:02x}" if number <= 0xFF else f"\\u{number:04x}")  # noqa: PLR2004 - a byte

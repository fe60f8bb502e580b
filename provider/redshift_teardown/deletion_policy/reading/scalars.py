"""Unquoted scalars: what they are, and where readers of YAML do not agree on it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import yaml
from yaml.resolver import Resolver

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
# Numbers of YAML 1.2 that YAML 1.1 takes for text.
_NUMBER_1_2 = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
)
_YES = frozenset({"yes", "on", "true"})
_READINGS = {
    "null": "nothing",
    "timestamp": "a date",
    "merge": "a merge key",
    "value": "a default value",
    "str": "a number or a text, as its reader likes",
}
# No scalar that is not text is longer, apart from absurd numbers, which need no words of their own.
_LONGEST_JUDGED = 64
_LONGEST_NUMBER_READ = 20
_RESOLVER: Any = Resolver()


Value = str | int | float | bool | None


def judge(text: str) -> tuple[Value, str]:
    """Return what an unquoted scalar is.

    Args:
        text: The scalar.

    Returns:
        Its value, and what YAML 1.1 makes of it in words: no words for a text. The value is the text as well
        where YAML 1.1 and 1.2 read it differently, or in a way no author means, such as `no` and `010`.
    """
    # Keys and short values repeat all over a document, so their answers are kept.
    return _judge_short(text) if len(text) <= _LONGEST_JUDGED else _judge(text)


def _judge(text: str) -> tuple[Value, str]:
    if text in {"true", "false"}:
        return text == "true", text
    if text in {"", "~", "null"}:
        return None, "nothing"
    if _WHOLE.fullmatch(text):
        return int(text), f"the number {text}"
    if _DECIMAL.fullmatch(text):
        return float(text), f"the number {text}"
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)).rpartition(":")[2]
    if tag == "str" and not _NUMBER_1_2.fullmatch(text):
        return text, ""
    return text, _reading(text, tag)


_judge_short = lru_cache(maxsize=1024)(_judge)


def _reading(text: str, tag: str) -> str:
    if tag == "bool":
        return "true" if text.lower() in _YES else "false"
    if tag == "int" and len(text) <= _LONGEST_NUMBER_READ:
        return f"the number {yaml.safe_load(text)}"
    return _READINGS.get(tag, "a number")

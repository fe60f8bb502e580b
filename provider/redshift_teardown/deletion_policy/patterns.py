"""Patterns: what they match, and where what is written reads like something that it is not.

A pattern is a glob: ``*``, ``?``, ``[abc]`` and ``[!abc]``, over the whole text, and case matters.
Whoever knows a shell or regular expressions writes ``[^p]*``, ``{dev,test}-*`` or ``^dev.*$`` and means
something by it; what those would match here is not that, so they are refused, with what to write instead.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from redshift_teardown.deletion_policy.problems import Objection, listed, quoted, shown

LONGEST_PATTERN = 200
_LONGEST_RECORDED = 256
"""The longest pattern that any release took: that of a tag's value."""

Allowed = Callable[[str], bool]
"""Tells whether what is matched can hold a character."""

# One of the characters between brackets; `fnmatch` would take a "]" right behind the "[" for one of them, and
# what its author means nobody knows.
_CLASS = re.compile(r"\[!?([^\]!][^\]]*)\]")
_EMPTY_CLASS = re.compile(r"\[!?\]")
_RANGE = re.compile(r"(.)-(.)", re.DOTALL)
# What stands between brackets only where somebody means something else by them: a negation of regular
# expressions, alternatives, a class of POSIX.
_ODD_IN_CLASS = frozenset("^|(){}[,;$\\")
_FOREIGN = re.compile(r"[\^$|(){},;\\]")
# What no list of patterns stands for: a group that may repeat or be left out, a look ahead, a count.
_BEYOND_GLOBS = re.compile(r"\)[?*+{]|[?*+@!]\(|\(\?|\{[^,{}]*\}|\{[0-9, ]*\}")
_CHOICE = re.compile(r"[({]([^(){}]*)[)}]")
_AS_GLOB = (
    (re.compile(r"^\^|(?<!\\)\$$"), ""),
    (re.compile(r"\[\^"), "[!"),
    (re.compile(r"\\d"), "[0-9]"),
    (re.compile(r"\\w"), "?"),
    (re.compile(r"\.\*\??"), "*"),
    (re.compile(r"\.\+\??"), "?*"),
    (re.compile(r"\\(.)"), r"\1"),
    (re.compile(r"\*{2,}"), "*"),
)
_MOST_CHOICES = 8
# A dot or a class with a sign behind it that repeats it in a regular expression, and stands for itself here.
_REPEATED = re.compile(r"\.[*+?]|\[[^\]!][^\]]*\][*+?]")
_PIECE = re.compile(r"\[!?[^\]!][^\]]*\]|.", re.DOTALL)


@dataclass(frozen=True)
class Reading:
    """How a pattern is taken that reads like a regular expression.

    Attributes:
        matches: Two strings that it matches.
        misses: Two strings, or one, that the regular expression would match, and the pattern does not.
        instead: The pattern for those; empty where there is none.
    """

    matches: tuple[str, ...]
    misses: tuple[str, ...]
    instead: str

    def __str__(self) -> str:
        matched = listed([shown(text) for text in self.matches])
        missed = f", and not {listed([shown(text) for text in self.misses], 'or')}" if self.misses else ""
        return f"matches {matched}{missed}"


def is_glob(text: str) -> bool:
    """Return whether a stack name of a policy is a pattern rather than an exact name."""
    return any(character in text for character in "*?[")


def pieces(pattern: str) -> list[str]:
    """Return the parts of a pattern: its stars, question marks and brackets, and single characters."""
    return _PIECE.findall(pattern)


def matches(text: str, pattern: str) -> bool:
    """Return whether a pattern matches a text as it is written, whether or not it is `misread`."""
    return fnmatchcase(text, pattern)


@lru_cache(maxsize=1024)
def misread(pattern: str) -> Objection | None:
    """Return why a pattern is read in two ways by people who know other patterns.

    Args:
        pattern: The pattern.

    Returns:
        What is wrong and what to write instead, or None.
    """
    if len(pattern) > _LONGEST_RECORDED:
        return Objection(f"the pattern {shown(pattern)} is too long", "a shorter one")
    if pattern.startswith("!"):
        return Objection(
            f'the pattern {shown(pattern)} begins with a "!", and no pattern says what is not meant',
            "what is meant; protected environments are tried before the others",
        )
    if "**" in pattern:
        return Objection(
            f'the pattern {shown(pattern)} has "**", which is no more than "*" here',
            quoted(re.sub(r"\*{2,}", "*", pattern)),
        )
    for found in _CLASS.finditer(pattern):
        if found[1].startswith("^"):
            return Objection(
                f'the pattern {shown(pattern)} has {shown(found[0])}, which would match a "^" here; '
                'anything but these is written with "!"',
                quoted("".join(_as_globs(pattern)[:1]) or "[!abc]*"),
            )
        odd = next((character for character in found[1] if character in _ODD_IN_CLASS), None)
        if odd is not None:
            return Objection(
                f"the pattern {shown(pattern)} has {shown(found[0])}, which matches one character, "
                f"{shown(odd)} among them",
                "the pattern for each alternative by itself",
            )
    return None


def objection(pattern: str, allowed: Allowed, what: str, example: str, *, each: str = "") -> Objection | None:
    """Return why a pattern is none, could match nothing, or would match something else than it reads like.

    Args:
        pattern: The pattern.
        allowed: What the strings are made of that it is to match.
        what: What it could not match, in words.
        example: A pattern to write instead where none can be made of it.
        each: Where several patterns go that are to be written instead; empty where one list takes them.

    Returns:
        What is wrong and what to write instead, or None.
    """
    if len(pattern) > LONGEST_PATTERN:
        # First: what follows takes the square of the length on a row of brackets.
        message = f"the pattern {shown(pattern)} has {len(pattern)} characters, more than {LONGEST_PATTERN}"
        return Objection(message, _such_as(example))
    found = (
        _foreign(pattern, allowed, what, example, each)
        or misread(pattern)
        or _bracket_problem(pattern, example)
    )
    if found:
        return found
    if pattern and _possible(pattern, allowed):
        return None
    return Objection(f"the pattern {shown(pattern)} can match no {what}", _such_as(example))


def reading(pattern: str, *, dots: bool = True) -> Reading | None:
    """Return how a pattern is taken that is right, and reads like a regular expression.

    Args:
        pattern: A pattern without an objection.
        dots: Whether a dot before a sign reads like one of a regular expression; in `dc2.*` it does not.

    Returns:
        Two names it matches and two it does not, or None where nobody would take it for one.
    """
    found = next((each for each in _REPEATED.finditer(pattern) if dots or each[0][0] == "["), None)
    if found is None:
        return None
    short, long = _samples(pattern, "", "1"), _samples(pattern, "-eu", "x")
    meant = [_expected(pattern, times) for times in (0, 1, 2)]
    missed = [text for text in dict.fromkeys(meant) if text and not fnmatchcase(text, pattern)]
    instead = re.sub(r"\.[*?]", "*", re.sub(r"\.\+", "?*", pattern))
    return Reading(
        tuple(dict.fromkeys((short, long))), tuple(missed[:2]), instead if instead != pattern else ""
    )


def is_foreign(text: str) -> bool:
    """Return whether a text has signs of regular expressions, or of shells, that no name here can hold."""
    return len(text) > LONGEST_PATTERN or _FOREIGN.search(_CLASS.sub("", text)) is not None


def _foreign(pattern: str, allowed: Allowed, what: str, example: str, each: str) -> Objection | None:
    """Refuse signs of regular expressions and of shells' braces, with the patterns that were meant."""
    sign = next(
        (each[0] for each in _FOREIGN.finditer(_CLASS.sub("", pattern)) if not allowed(each[0])), None
    )
    if sign is None:
        return None
    meant = _as_globs(pattern)
    if any(_bracket_problem(one, example) or misread(one) or not _possible(one, allowed) for one in meant):
        meant = []
    instead = [quoted(one) for one in meant]
    return Objection(
        f"the pattern {shown(pattern)} has {shown(sign)}, no sign of patterns, and can match no {what}",
        listed(instead) + (each if len(meant) > 1 else "") if meant else _such_as(example),
    )


def _such_as(example: str) -> str:
    return f'a pattern such as "{example}"'


def _possible(pattern: str, allowed: Allowed) -> bool:
    return all(allowed(character) or character in "*?" for character in _CLASS.sub("", pattern)) and all(
        _class_matches(each[0], allowed) for each in _CLASS.finditer(pattern)
    )


def _as_globs(pattern: str) -> list[str]:
    """Return the patterns that a regular expression, or a shell's braces, stand for; none if not known."""
    if _BEYOND_GLOBS.search(pattern):
        return []
    waiting = [pattern]
    found: list[str] = []
    while waiting and len(waiting) + len(found) <= _MOST_CHOICES:
        text = waiting.pop(0)
        choice = _CHOICE.search(text)
        if choice:
            parts = re.split("[|,]", choice[1])
            waiting += [text[: choice.start()] + part + text[choice.end() :] for part in parts]
        elif re.search("[|,;]", text):
            waiting += re.split("[|,;] *", text)
        else:
            for written, glob in _AS_GLOB:
                text = written.sub(glob, text)
            found.append(text)
    return list(dict.fromkeys(found)) if not waiting and all(found) else []


def _bracket_problem(text: str, example: str) -> Objection | None:
    """Refuse brackets that `fnmatch` takes otherwise than they read: open, empty, or with a turned range."""
    hint = _such_as(example)
    rest = _CLASS.sub("", text)
    if _EMPTY_CLASS.search(rest):
        return Objection(f"the pattern {shown(text)} has brackets with nothing right behind the first", hint)
    if "[" in rest:
        return Objection(f'the pattern {shown(text)} opens a "[" that it does not close', hint)
    for found in _CLASS.finditer(text):
        turned = next((each[0] for each in _RANGE.finditer(found[1]) if each[1] > each[2]), None)
        if turned is not None:
            return Objection(
                f"the pattern {shown(text)} has the range {turned}, which ends before it begins",
                f"{turned[2]}-{turned[0]}",
            )
    return None


def _class_matches(written: str, allowed: Allowed) -> bool:
    """Return whether one character of the alphabet is matched, and each one that is written is of it."""
    within = written.removeprefix("[").removeprefix("!").removesuffix("]")
    if not all(map(allowed, within)):
        return False
    # Among these is one of every alphabet there is here, and of the class's own.
    candidates = string.ascii_letters + string.digits + "-_. " + within
    return any(allowed(character) and fnmatchcase(character, written) for character in candidates)


def _samples(pattern: str, star: str, any_one: str) -> str:
    """Return a text that a pattern matches."""
    text = ""
    for piece in _PIECE.findall(pattern):
        if piece == "*":
            text += star
        elif piece == "?":
            text += any_one
        elif len(piece) > 1:
            text += _member(piece)
        else:
            text += piece
    return text


def _member(written: str) -> str:
    candidates = string.digits + string.ascii_letters + "-_. " + written
    return next((each for each in candidates if fnmatchcase(each, written)), "")


def _expected(pattern: str, times: int) -> str:
    """Return a text that a pattern would match as a regular expression, with what repeats so many times."""
    pieces, text, index = _PIECE.findall(pattern), "", 0
    while index < len(pieces):
        piece, sign = pieces[index], pieces[index + 1] if index + 1 < len(pieces) else ""
        one = "-1x"[times % 3] if piece == "." else _member(piece) if len(piece) > 1 else piece
        if sign and sign in "*+?":
            text += one * (min(times, 1) if sign == "?" else max(times, 1) if sign == "+" else times)
            index += 2
        elif piece in "*?":
            text += one if piece not in "*?" else ""
            index += 1
        else:
            text += "x" if piece == "." else one
            index += 1
    return text

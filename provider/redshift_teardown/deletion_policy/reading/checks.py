"""What is wrong with single strings of a deletion policy, each with what to write instead."""

from __future__ import annotations

import re
import string
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from redshift_teardown.deletion_policy import patterns
from redshift_teardown.deletion_policy.naming import (
    LONGEST_TAG_KEY,
    LONGEST_TAG_VALUE,
    RESERVED_TAG_PREFIX,
    allowed_in_tag,
    placeholder_problem,
    tag_text_problem,
    without_placeholders,
)
from redshift_teardown.deletion_policy.problems import Objection, quoted, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_REASON = 500
LONGEST_ENVIRONMENT_NAME = 64
LONGEST_IDENTIFIER = 63
LONGEST_STACK = 100

_ENVIRONMENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
ACCOUNT = re.compile(r"[0-9]{12}")
# Pulumi's own rule for stack names, and the signs of a glob.
STACK_NAME = re.compile(rf"[A-Za-z0-9_.-]{{1,{LONGEST_STACK}}}")
_IN_IDENTIFIERS = string.ascii_lowercase + string.digits + "-"
_IN_NODE_TYPES = _IN_IDENTIFIERS + "."
_IN_STACKS = string.ascii_letters + string.digits + "-_."


def environment_name(text: str) -> Objection | None:
    """Return why an environment cannot be called so."""
    if len(text) <= LONGEST_ENVIRONMENT_NAME and _ENVIRONMENT_NAME.fullmatch(text):
        return None
    return Objection(
        f"{shown(text)} is no name for an environment",
        f"a letter, then letters, digits and - _ . (at most {LONGEST_ENVIRONMENT_NAME} characters)",
    )


def receipts(text: str) -> Objection | None:
    """Return why a folder cannot hold receipts: it must lie inside the project, on every system."""
    hint = "a folder such as .redshift-teardown/receipts"
    if not text.strip() or text != text.strip():
        return Objection("the folder's name is empty or has spaces around it", hint)
    parts = text.split("/")
    if parts[0] in ("", "~") or ".." in parts or ":" in text or "\\" in text:
        return Objection(
            f"the folder {shown(text)} must lie inside the project, written with / and relative to it", hint
        )
    return None


def stack(text: str) -> Objection | None:
    """Return why an entry of `stacks` can name or match no stack."""
    if "/" in text:
        last = text.rpartition("/")[2]
        return Objection("stacks are named without organisation and project", quoted(last))
    if STACK_NAME.fullmatch(text):
        return None
    if patterns.is_glob(text) or patterns.is_foreign(text):
        return patterns.objection(
            text, _IN_STACKS.__contains__, "stack; their names hold letters, digits and - _ . only", "dev-*"
        )
    return _no_name("stack", text, 'a name such as "dev", or a pattern such as "dev-*"')


def exact_stack(text: str) -> Objection | None:
    """Return why a text names no one stack."""
    if patterns.is_glob(text) and "/" not in text:
        return Objection(f"{shown(text)} is a pattern; a place is released by its exact name", '"prod"')
    return stack(text)


def project(text: str) -> Objection | None:
    """Return why a text names no Pulumi project."""
    return None if STACK_NAME.fullmatch(text) else _no_name("project", text, "shop")


def resource(text: str) -> Objection | None:
    """Return why a text names no Pulumi resource."""
    if text.strip() and "::" not in text:
        return None
    return Objection(f"{shown(text)} is no resource's name", "the name, which is the last part of its URN")


def account(text: str) -> Objection | None:
    """Return why an entry of `accounts` is no AWS account."""
    if ACCOUNT.fullmatch(text):
        return None
    return Objection(f"{shown(text)} is no AWS account; an account has 12 digits", '"111122223333"')


def identifier(text: str) -> Objection | None:
    """Return why a pattern can match no cluster identifier."""
    return patterns.objection(
        text, _IN_IDENTIFIERS.__contains__, "cluster; identifiers hold a to z, digits and hyphens", "etl-*"
    )


def node_type(text: str) -> Objection | None:
    """Return why a pattern can match no node type."""
    return patterns.objection(
        text, _IN_NODE_TYPES.__contains__, "node type; they look like ra3.xlplus", "dc2.*"
    )


def tag_key(text: str) -> Objection | None:
    """Return why no tag can have this key."""
    if not text:
        problem: str | None = "a tag's key cannot be empty"
    elif len(text) > LONGEST_TAG_KEY:
        problem = f"a tag's key has at most {LONGEST_TAG_KEY} characters, not {len(text)}"
    elif text.lower().startswith("aws:"):
        problem = "tags that begin with aws: are AWS's own"
    else:
        problem = tag_text_problem(text)
    return Objection(problem, "a key such as team") if problem else None


def own_tag_key(text: str) -> Objection | None:
    """Return why a policy cannot give snapshots a tag with this key."""
    if text.startswith(RESERVED_TAG_PREFIX):
        return Objection(
            f"tags that begin with {RESERVED_TAG_PREFIX} are written by the teardown itself",
            "a key such as team",
        )
    return tag_key(text)


def tag_value(text: str) -> Objection | None:
    """Return why a policy cannot give snapshots a tag with this value, which may hold placeholders."""
    problem = placeholder_problem(text)
    if problem:
        return problem
    refused = tag_text_problem(without_placeholders(text))
    if refused:
        return Objection(refused, "only those characters, and placeholders such as {stack}")
    return _tag_length(text)


def tag_pattern(text: str) -> Objection | None:
    """Return why a pattern can match no value of a tag, or not the one it reads like."""
    if not text:
        return None
    what = "value of a tag; AWS allows letters, digits, spaces and _ . : / = + - @ in them"
    return _tag_length(text) or patterns.objection(
        text, allowed_in_tag, what, "tmp-*", each=", in a rule each"
    )


def reason(text: str) -> Objection | None:
    """Return why a text gives no reason for a skip rule."""
    if not text.strip():
        return Objection("because is empty", "the reason, in one sentence")
    if len(text) > LONGEST_REASON:
        return Objection(
            f"because has {len(text)} characters, more than {LONGEST_REASON}", "the reason, in one sentence"
        )
    return None


def no_identifier(pattern: str) -> str:
    """Return in words why no cluster can be called what a pattern matches; empty where one can."""
    parts = patterns.pieces(pattern)
    if _no_letter(parts[0]):
        return "a cluster identifier begins with a letter"
    if parts[-1] == "-":
        return "a cluster identifier never ends with a hyphen"
    if "--" in pattern:
        return "a cluster identifier never has two hyphens in a row"
    return _too_long(parts, LONGEST_IDENTIFIER, "a cluster identifier")


def no_stack(pattern: str) -> str:
    """Return in words why no stack can be called what a pattern matches; empty where one can."""
    return _too_long(patterns.pieces(pattern), LONGEST_STACK, "a stack's name")


def _no_name(what: str, text: str, hint: str) -> Objection:
    return Objection(
        f"no {what} can be called {shown(text)}; names hold 1 to {LONGEST_STACK} letters, digits and - _ .",
        hint,
    )


def _tag_length(text: str) -> Objection | None:
    if len(text) <= LONGEST_TAG_VALUE:
        return None
    return Objection(
        f"a tag's value has at most {LONGEST_TAG_VALUE} characters, not {len(text)}", "a shorter value"
    )


def _too_long(parts: Sequence[str], longest: int, what: str) -> str:
    shortest = sum(part != "*" for part in parts)
    return f"{what} has at most {longest} characters" if shortest > longest else ""


def _no_letter(piece: str) -> bool:
    return piece not in ("*", "?") and not any(fnmatchcase(one, piece) for one in string.ascii_lowercase)

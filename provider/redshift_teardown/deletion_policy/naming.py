"""Names and tags of final snapshots, always such that AWS accepts them.

The rules are AWS's: a snapshot identifier has 1 to 255 letters, digits and hyphens, begins with a letter,
does not end with a hyphen and holds no two in a row (DeleteCluster, API 2012-12-01); it is not case-
sensitive, so names are in lower case. Tag keys have 1 to 128 characters and values up to 256: letters,
digits, space and `_ . : / = + - @`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from redshift_teardown.deletion_policy.problems import Objection, listed, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from redshift_teardown.deletion_policy.facts import Facts

PLACEHOLDERS = (
    "project",
    "stack",
    "environment",
    "cluster",
    "resource",
    "account",
    "region",
    "date",
    "timestamp",
)
LONGEST_NAME = 255
LONGEST_TAG_KEY = 128
LONGEST_TAG_VALUE = 256
MOST_POLICY_TAGS = 40
"""AWS allows 50 tags on a resource; the rest is kept for those that a teardown writes itself."""

RESERVED_TAG_PREFIX = "redshift-teardown:"
"""What a teardown writes itself begins so, and would overwrite a tag of the policy."""

# The most attempts of the collision rule; an account holds far fewer snapshots (20, unless AWS raises that).
_MOST_NAMES_TRIED = 100_000
_TIMESTAMP_LENGTH = len("20260131t120000z")
_HASH_LENGTH = 8
_NAME = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,254}")
_OTHERS = re.compile(r"[^a-z0-9]+")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_TAG_PUNCTUATION = frozenset(" _.:/=+-@")
_TIMESTAMP = re.compile(r"(?=([0-9]{8})t([0-9]{6})z)")
_DATE = re.compile(r"(?=([0-9]{8}))")


def name_problem(name: str) -> str | None:
    """Return what AWS would refuse about a snapshot identifier.

    Args:
        name: The identifier; upper case counts as lower case, as AWS does it.

    Returns:
        A sentence about what is wrong, or None for a name that AWS accepts.
    """
    lowered = name.lower()
    rules = (
        (not name, "cannot be empty"),
        (len(lowered) > LONGEST_NAME, f"has at most {LONGEST_NAME} characters, not {len(lowered)}"),
        (not "a" <= lowered[:1] <= "z", "begins with a letter from a to z"),
        ("--" in lowered, "holds no two hyphens in a row"),
        (lowered.endswith("-"), "does not end with a hyphen"),
        (not _NAME.fullmatch(lowered), "holds only the letters a to z, digits and hyphens"),
    )
    broken = next((rule for breaks, rule in rules if breaks), None)
    return f"a snapshot identifier {broken}" if broken else None


def template_problem(template: str) -> Objection | None:
    """Return why a template of names could not be used, whatever the cluster.

    Args:
        template: The template as the policy's author wrote it.

    Returns:
        What is wrong and what to write instead, or None.
    """
    problem = placeholder_problem(template)
    if problem:
        return problem
    if not _PLACEHOLDER.search(template) and not _hyphenated(template):
        return Objection(
            f"the name {shown(template)} has no letter or digit that AWS allows, and no placeholder",
            '"{project}-{stack}-{cluster}-final-{timestamp}"',
        )
    if len(template) > LONGEST_NAME:
        return Objection(
            f"the name has {len(template)} characters; AWS allows {LONGEST_NAME}, placeholders filled in",
            "a shorter name",
        )
    return None


def placeholder_problem(template: str) -> Objection | None:
    """Return what is wrong with the placeholders of a template.

    Args:
        template: The template of a name or of a tag's value.

    Returns:
        What is wrong and what to write instead, or None.
    """
    for match in _PLACEHOLDER.finditer(template):
        word = match[1]
        if word not in PLACEHOLDERS:
            near = nearest(word, PLACEHOLDERS)
            known = listed([f"{{{name}}}" for name in PLACEHOLDERS], "or")
            return Objection(
                f"there is no placeholder {shown(match[0])}",
                f"{{{near}}} (did you mean that?)" if near else f"one of {known}",
            )
    rest = without_placeholders(template)
    if "{" in rest or "}" in rest:
        brace = "{" if "{" in rest else "}"
        return Objection(
            f"a {shown(brace)} stands alone; braces are for placeholders only",
            "a placeholder such as {cluster}, or no brace",
        )
    return None


def without_placeholders(template: str) -> str:
    """Return what a template holds beside its placeholders."""
    return _PLACEHOLDER.sub("", template)


def snapshot_name(template: str, facts: Facts, *, environment: str, at: datetime) -> str:
    """Make the name of a final snapshot from its template.

    Everything but letters, digits and hyphens becomes a hyphen; where a placeholder brings such a character,
    a short hash ends the name, since two of them would come out equal. A name that is too long loses from its
    end, but keeps its timestamp and gains that hash; one that comes out empty becomes `final-` and the hash.

    Args:
        template: The template; an unknown placeholder stays in it as its bare word.
        facts: What the placeholders stand for; an unknown fact leaves its placeholder empty.
        environment: What `{environment}` stands for.
        at: The time that `{date}` and `{timestamp}` stand for; it must have a time zone.

    Returns:
        A name that AWS accepts, whatever the template and the facts.

    Raises:
        ValueError: `at` has no time zone.
    """
    return _snapshot_name(template, facts, environment, at, _words_lost(template, facts, environment))


def _words_lost(template: str, facts: Facts, environment: str) -> bool:
    """Return whether a word of a template holds what a name cannot; AWS ignores upper and lower case."""
    words = _words(facts, environment)
    used = (words.get(match[1], "") for match in _PLACEHOLDER.finditer(template))
    return any(_hyphenated(word) != word.lower() for word in used)


def _snapshot_name(template: str, facts: Facts, environment: str, at: datetime, lost: bool) -> str:
    words = _words(facts, environment)
    # The hash leaves the clock out: two attempts at one snapshot differ in nothing but their timestamp.
    digest = hashlib.sha256(_fill(template, words).encode(errors="surrogatepass")).hexdigest()[:_HASH_LENGTH]
    clock = _clock(at)
    name = _hyphenated(_fill(template, words | clock))
    if not name:
        return f"final-{digest}"
    if name[0].isdigit():
        name = f"final-{name}"
    if lost and len(name) + 1 + len(digest) <= LONGEST_NAME:
        return f"{name}-{digest}"
    if not lost and len(name) <= LONGEST_NAME:
        return name
    tail = f"-{digest}-{clock['timestamp'].lower()}" if "{timestamp}" in template else f"-{digest}"
    return name[: LONGEST_NAME - len(tail)].rstrip("-") + tail


def fits_template(name: str, template: str, facts: Facts, *, environment: str) -> bool:
    """Return whether a snapshot's name can have been made from a template, at whatever time.

    Args:
        name: The name of an existing snapshot.
        template: The template.
        facts: The facts of the cluster.
        environment: What `{environment}` stands for.

    Returns:
        Whether `snapshot_name`, or the collision rule of `next_name` after it, gives this name at some time.
    """
    return _made_at(name, template, facts, environment, _times_in(name)) is not None


def _made_at(
    name: str, template: str, facts: Facts, environment: str, times: list[datetime]
) -> datetime | None:
    number = re.search(r"-([2-9]|[1-9][0-9]{1,5})$", name)
    # Earlier releases made names without a hash where characters were replaced.
    forms = {False, _words_lost(template, facts, environment)}
    for at in times:
        for made in (_snapshot_name(template, facts, environment, at, lost) for lost in forms):
            if name == made or (number and name == _numbered(made, int(number[1]))):
                return at
    return None


def time_in_name(name: str, template: str, facts: Facts, *, environment: str) -> datetime | None:
    """Return the time that a snapshot's name was made at, where its template holds `{timestamp}`.

    Args:
        name: The name of an existing snapshot.
        template: The template.
        facts: The facts of the cluster.
        environment: What `{environment}` stands for.

    Returns:
        The time, in UTC; None where the name does not come from the template, or the template has no
        `{timestamp}`: then a name says nothing about when, and by whom, it was chosen.
    """
    if "{timestamp}" not in template:
        return None
    return _made_at(name, template, facts, environment, _stamps_in(name))


def next_name(name: str, taken: Container[str]) -> str:
    """Find a free name: the name itself, else with `-2`, `-3` and so on behind it.

    Args:
        name: A name that AWS accepts.
        taken: The names that exist.

    Returns:
        The first name of that row that is not taken, cut where it would grow too long.

    Raises:
        ValueError: So many names are taken that no account can hold them all.
    """
    if name not in taken:
        return name
    for number in range(2, _MOST_NAMES_TRIED):
        candidate = _numbered(name, number)
        if candidate not in taken:
            return candidate
    raise ValueError(f"{shown(name)} and {_MOST_NAMES_TRIED} names like it are taken")


def expand_tags(
    tags: Iterable[tuple[str, str]], facts: Facts, *, environment: str, at: datetime
) -> dict[str, str]:
    """Fill in the placeholders of the tags of a snapshot.

    Args:
        tags: The tags that are due.
        facts: What the placeholders stand for; an unknown fact leaves its placeholder empty.
        environment: What `{environment}` stands for.
        at: The time that `{date}` and `{timestamp}` stand for; it must have a time zone.

    Returns:
        The tags, fitted to AWS's alphabet and length.

    Raises:
        ValueError: `at` has no time zone.
    """
    words = _words(facts, environment) | _clock(at)
    return {fit_tag_key(key): fit_tag_value(_fill(value, words)) for key, value in tags}


def fit_tag_value(value: str) -> str:
    """Make a tag value that AWS accepts: other characters become hyphens, and a long one is cut.

    Args:
        value: Any text.

    Returns:
        At most 256 characters of AWS's alphabet; the same text where it fits already, else one that ends in a
        short hash of it, so that no two strings come out equal.
    """
    return _fit(value, LONGEST_TAG_VALUE)


def once_fitted(value: str) -> str:
    """Make the tag value that releases before state version 3 wrote: with a hash only where one was cut."""
    if _fits(value, LONGEST_TAG_VALUE):
        return value
    fitted = _replaced(value)
    return fitted if len(fitted) <= LONGEST_TAG_VALUE else _fit(value, LONGEST_TAG_VALUE)


def fit_tag_key(key: str) -> str:
    """Make a tag key that AWS accepts, as `fit_tag_value` does; `aws:` at its beginning becomes `aws-`.

    Args:
        key: Any text.

    Returns:
        1 to 128 characters of AWS's alphabet; the same text where it fits already.
    """
    return _fit(key, LONGEST_TAG_KEY, key=True)


def tag_text_problem(text: str) -> str | None:
    """Return which character of a tag's key or value AWS would refuse.

    Args:
        text: A key, or a value without its placeholders.

    Returns:
        A sentence about the first such character, or None.
    """
    for character in text:
        if not allowed_in_tag(character):
            return (
                f"AWS allows no {shown(character)} in a tag, only letters, digits, spaces and _ . : / = + - @"
            )
    return None


def _fill(template: str, words: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: words.get(match[1], match[1]), template)


def _words(facts: Facts, environment: str) -> dict[str, str]:
    return {
        "project": facts.project or "",
        "stack": facts.stack or "",
        "environment": environment,
        "cluster": facts.identifier or "",
        "resource": facts.resource or "",
        "account": facts.account or "",
        "region": facts.region or "",
    }


def _clock(at: datetime) -> dict[str, str]:
    if at.tzinfo is None:
        raise ValueError("the time of a snapshot's name needs a time zone")
    utc = at.astimezone(timezone.utc)
    # Not strftime, whose %Y gives a year before 1000 fewer than four digits on some systems.
    date = f"{utc.year:04}{utc.month:02}{utc.day:02}"
    return {"date": date, "timestamp": f"{date}T{utc.hour:02}{utc.minute:02}{utc.second:02}Z"}


def _hyphenated(text: str) -> str:
    return _OTHERS.sub("-", text.lower()).strip("-")


def _numbered(name: str, number: int) -> str:
    suffix = f"-{number}"
    return name[: LONGEST_NAME - len(suffix)].rstrip("-") + suffix


def _times_in(name: str) -> list[datetime]:
    """Find every time that a name may have been made at; any time will do where it shows none."""
    dates = [f"{match[1]}000000" for match in _DATE.finditer(name)]
    return [datetime(2000, 1, 1, tzinfo=timezone.utc), *_stamps_in(name), *_moments(dates)]


def _stamps_in(name: str) -> list[datetime]:
    return _moments([f"{match[1]}{match[2]}" for match in _TIMESTAMP.finditer(name)])


def _moments(stamps: list[str]) -> list[datetime]:
    found = []
    for stamp in stamps:
        try:
            found.append(datetime.strptime(f"{stamp}+0000", "%Y%m%d%H%M%S%z"))
        except ValueError:  # noqa: PERF203 - a name holds a handful of digit groups
            continue  # digits that are no date, such as an account's
    return found


def _fit(text: str, longest: int, *, key: bool = False) -> str:
    if key and not text:
        return "-"
    fitted = text if _fits(text, longest) else _replaced(text)
    if key and fitted[:4].lower() == "aws:":
        fitted = f"{fitted[:3]}-{fitted[4:]}"
    if fitted == text and len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_HASH_LENGTH]
    return f"{fitted[: longest - _HASH_LENGTH - 1]}-{digest}"


def _fits(text: str, longest: int) -> bool:
    return len(text) <= longest and text == text.strip() and all(map(allowed_in_tag, text))


def _replaced(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return "".join(c if allowed_in_tag(c) else "-" for c in composed).strip()


def allowed_in_tag(character: str) -> bool:
    """Return whether AWS allows a character in a tag."""
    return character in _TAG_PUNCTUATION or unicodedata.category(character)[0] in "LN"

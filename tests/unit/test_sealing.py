"""Secret values in what is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from redshift_teardown.engine.secret_values import DEFAULTS, SECRETS, hide, seal


@pytest.mark.parametrize("value", ["code red", "code\u00a0red", "it's\\bad", 'a "quoted" one', "tab\tbed"])
@pytest.mark.parametrize("quote", [str, repr, json.dumps], ids=["plain", "repr", "json"])
def test_a_secret_is_hidden_however_it_is_quoted(value: str, quote: object) -> None:
    """A message that escapes some characters of a secret says it as clearly as one that does not."""
    assert callable(quote)
    said = hide(f"tag team set to {quote(value)}; next", {"master_password": value})
    assert all(word not in said for word in (value, repr(value)[1:-1], json.dumps(value)[1:-1]))
    assert said.endswith("; next")


def clear(value: Any) -> list[str]:
    """The strings that stand outside of every mark; a mark in a mark is one that no engine reads."""
    if not isinstance(value, dict):
        return [value] if isinstance(value, str) else []
    if SIGNATURE not in value:
        return [found for item in value.values() for found in clear(item)]
    assert value[SIGNATURE] == SECRET
    assert SIGNATURE not in json.dumps(value["value"])
    return []


SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"


@pytest.mark.parametrize(
    ("secrets", "shown"),
    [
        (["tags"], ["of the stack"]),
        (["tags.team"], ["of all", "of the stack"]),
        ([DEFAULTS], ["of all", "own"]),
        (["tags", DEFAULTS], []),
        (["tags", "tags.team", DEFAULTS], []),
        (["tags.team", DEFAULTS], ["of all"]),
        ([], ["of all", "of the stack", "own"]),
    ],
)
def test_every_copy_of_a_tag_is_marked_once(secrets: list[str], shown: list[str]) -> None:
    """In the tags, in those that AWS shows, in the stack's and in the facts: whatever is secret of them."""
    own, defaults = {"team": "own", "tier": "of all"}, {"cost": "of the stack"}
    props = {
        "tags": own,
        "tags_all": {**defaults, **own},
        DEFAULTS: defaults,
        "policy": {"facts": {"tags": {**defaults, **own}}},
        SECRETS: secrets,
    }

    sealed = seal(props)

    for copy in (sealed["tags_all"], sealed["policy"]["facts"]["tags"]):
        assert sorted(clear(copy)) == shown
    assert set(clear({key: sealed[key] for key in ("tags", DEFAULTS)})) == set(shown)

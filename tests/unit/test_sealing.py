"""Secret values in what is said."""

from __future__ import annotations

import json

import pytest

from redshift_teardown.sealing import hide


@pytest.mark.parametrize("value", ["code red", "code\u00a0red", "it's\\bad", 'a "quoted" one', "tab\tbed"])
@pytest.mark.parametrize("quote", [str, repr, json.dumps], ids=["plain", "repr", "json"])
def test_a_secret_is_hidden_however_it_is_quoted(value: str, quote: object) -> None:
    """A message that escapes some characters of a secret says it as clearly as one that does not."""
    assert callable(quote)
    said = hide(f"tag team set to {quote(value)}; next", {"master_password": value})
    assert all(word not in said for word in (value, repr(value)[1:-1], json.dumps(value)[1:-1]))
    assert said.endswith("; next")

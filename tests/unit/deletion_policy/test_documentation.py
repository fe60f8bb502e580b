"""The reference of the policy language says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from redshift_teardown.deletion_policy import PolicyError, loads, naming
from redshift_teardown.deletion_policy.reading import policy, rules

TEXT = (Path(__file__).parents[3] / "docs" / "deletion-policy.md").read_text(encoding="utf-8")


def examples(language: str) -> list[str]:
    """Return the blocks of code in a language."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_examples_are_read() -> None:
    """A reader who copies an example gets what the text says of it."""
    whole, rules, released = examples("yaml")
    read = loads(whole, source="policy/deletion-policy.yaml")
    indented = "".join(f"    {line}\n" for line in rules.splitlines())
    dev = loads(f"version: 1\nenvironments:\n  dev:\n{indented}", source="p").environments[0]

    [place] = loads(f"version: 1\n{released}", source="p").released

    assert (place.project, place.stack, place.resource) == ("shop", "prod", "warehouse")
    assert [(e.name, e.protected) for e in read.environments] == [("production", True), ("dev", False)]
    assert [rule.because for rule in dev.skip] == [
        "small clusters go when the program says so",
        "nothing lives a day in staging",
    ]


def test_the_example_of_a_refusal() -> None:
    """The report that is shown is the one that is printed."""
    broken = examples("yaml")[0].replace("retention_days: 35", "retention_days: 0")
    with pytest.raises(PolicyError) as caught:
        loads(broken, source="policy/deletion-policy.yaml")

    assert examples("text") == [f"{caught.value}\n"]


@pytest.mark.parametrize(
    "keys",
    [
        policy.POLICY,
        policy.ENVIRONMENT,
        policy.RELEASE,
        policy.SNAPSHOT,
        policy.WAIT,
        rules.WHEN,
        [f"{{{name}}}" for name in naming.PLACEHOLDERS],
    ],
    ids=" ".join,
)
def test_every_key_is_explained(keys: list[str]) -> None:
    """No key, condition or placeholder goes without a word."""
    assert [key for key in keys if not re.search(rf"`{re.escape(key)}[`:]", TEXT)] == []

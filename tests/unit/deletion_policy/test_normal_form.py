"""Recorded rules: their JSON, its digest, and what is refused of it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from redshift_teardown.deletion_policy import PolicyError, digest, from_json, loads, to_json, to_text

TEXT = """version: 1
environments:
  dev:
    stacks: ["dev-*"]
    accounts: ["111122223333"]
    final_snapshot: {retention_days: 7, tags: {team: data}}
    skip:
      - when: {requested: false, tags: {b: "2"}, max_nodes: 2, younger_than_hours: 0.5, identifier: [a]}
        because: no data of record
      - when: {always: true}
        because: dev holds nothing
  production:
    stacks: [prod]
"""
DEV, PRODUCTION = loads(TEXT, source="p.yaml").environments


def test_the_document() -> None:
    """The JSON holds the rules as they are written, with their places, and no null."""
    assert to_json(DEV) == {
        "name": "dev",
        "digest": digest(DEV),
        "protected": False,
        "place": "p.yaml:3",
        "skip_place": "p.yaml:7",
        "stacks": ["dev-*"],
        "accounts": ["111122223333"],
        "skip": [
            {
                "when": {
                    "requested": False,
                    "tags": {"b": "2"},
                    "identifier": ["a"],
                    "max_nodes": 2,
                    "younger_than_hours": 0.5,
                },
                "because": "no data of record",
                "place": "p.yaml:8",
            },
            {"when": {"always": True}, "because": "dev holds nothing", "place": "p.yaml:10"},
        ],
        "final_snapshot": {
            "name": "{project}-{stack}-{cluster}-final-{timestamp}",
            "retention_days": 7,
            "tags": {"team": "data"},
            "place": "p.yaml:6",
        },
        "wait": {"timeout_hours": 24.0, "poll_seconds": 15.0},
        "receipts": ".redshift-teardown/receipts",
    }


def test_a_digest_once_recorded_stays() -> None:
    """The digest of given rules never changes: states hold it for years."""
    assert digest(DEV) == "sha256:b5cfc7624d24194ea8c35c88accc8baa6b1c5fd024fea5dd9c7b7750937e2f0e"
    assert digest(PRODUCTION) == "sha256:16da1900da15bbd19eace81ba089d887edf65c72742cffe916b25d86f9c83187"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1\n", "# a comment\n\nversion: 1\n"),
        ('["dev-*"]', '["dev-*", "pr-*"]'),
        ('["111122223333"]', '["444455556666"]'),
        ("identifier: [a]", "identifier: ['a']"),
        ("because: no data of record", "because: >\n         no data\n         of record"),
        ("max_nodes: 2, younger_than_hours: 0.5", "younger_than_hours: 0.50, max_nodes: 2"),
    ],
)
def test_what_does_not_change_the_digest(old: str, new: str) -> None:
    """Lines that moved, comments, spelling and what the environment claims are no change of its rules."""
    moved = loads(TEXT.replace(old, new), source="elsewhere.yaml").environments[0]

    assert moved != DEV
    assert digest(moved) == digest(DEV)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("retention_days: 7", "retention_days: 8"),
        ("{team: data}", "{team: date}"),
        ("because: no data of record", "because: no data"),
        ("requested: false", "requested: true"),
        ("younger_than_hours: 0.5", "younger_than_hours: 0.25"),
        ("  dev:", "  develop:"),
        ("environments:", "receipts: there\nenvironments:"),
        ("environments:", "defaults: {wait: {timeout_hours: 25}}\nenvironments:"),
        ("environments:", "defaults: {wait: {poll_seconds: 16}}\nenvironments:"),
        ("environments:", "defaults: {final_snapshot: {name: x}}\nenvironments:"),
    ],
)
def test_what_changes_the_digest(old: str, new: str) -> None:
    """Whatever changes what a destroy does or says is a change of the rules."""
    changed = loads(TEXT.replace(old, new), source="p.yaml").environments[0]

    assert digest(changed) != digest(DEV)


def refusal(document: object) -> str:
    """Read what cannot be read, and give the message."""
    with pytest.raises(PolicyError) as caught:
        from_json(document)
    return str(caught.value)


DAMAGE: list[tuple[str, Any, str]] = [
    ("name", 1, "rules.name: the name of an environment is due"),
    ("name", "no name", "rules.name: the name of an environment is due"),
    ("receipts", "/etc", "rules.receipts: a folder inside the project is due"),
    ("receipts", None, "rules.receipts: a folder inside the project is due"),
    ("skip", None, "rules.skip: a list is due"),
    ("skip", "never", "rules.skip: a list is due"),
    ("skip.0", None, "rules.skip[0]: a mapping is due"),
    ("skip.0.because", "", "rules.skip[0].because: because is empty"),
    ("skip.0.when", {}, "rules.skip[0].when: when is empty, so the rule would never hold"),
    ("skip.0.when", {"never": True}, 'rules.skip[0].when.never: when knows no key "never"'),
    ("skip.0.when.max_nodes", 2.5, "rules.skip[0].when.max_nodes: max_nodes must be a whole number"),
    ("skip.0.when.max_nodes", True, "rules.skip[0].when.max_nodes: max_nodes must be a whole number"),
    ("skip.0.when.max_nodes", 3, "rules.digest: the rules are not those that were recorded"),
    ("skip.0.when.younger_than_hours", float("nan"), "rules.skip[0].when.younger_than_hours: younger_than"),
    ("skip.0.place", "p.yaml", "rules.skip[0]: a place such as policy/deletion-policy.yaml:12 is due"),
    ("final_snapshot", None, "rules.final_snapshot: a mapping is due"),
    ("final_snapshot.retention_days", 0, "rules.final_snapshot.retention_days: AWS keeps a manual snapshot"),
    ("final_snapshot.retention_days", None, "rules.final_snapshot.retention_days: retention_days must be"),
    ("final_snapshot.name", "{", "rules.final_snapshot.name: a"),
    ("final_snapshot.tags", [], "rules.final_snapshot.tags: tags must be"),
    ("final_snapshot.place", 12, "rules.final_snapshot.place: a place such as"),
    ("wait", [], "rules.wait: a mapping is due"),
    ("wait.timeout_hours", 0, "rules.wait.timeout_hours: timeout_hours must be more than 0"),
    ("place", "p.yaml:x", "rules.place: a place such as"),
    ("place", "p.yaml:1234567890", "rules.place: a place such as"),
    ("place", ":", "rules.place: a place such as"),
    ("skip_place", "", "rules.skip_place: a place such as"),
    ("stacks", "dev", "rules.stacks: stacks must be a list"),
    ("stacks", ["no such stack"], "rules.stacks[0]: no stack can be called"),
    ("accounts", [1], "rules.accounts[0]: an entry of accounts must be text, but YAML reads"),
    ("protected", True, "rules.protected: this contradicts the skip rules"),
    ("protected", 0, "rules.protected: this contradicts the skip rules"),
    ("digest", "sha256:0", "rules.digest: the rules are not those that were recorded"),
    ("more", 1, "rules: there is no key 'more'"),
]


@pytest.mark.parametrize(("path", "value", "message"), DAMAGE, ids=lambda value: repr(value)[:40])
def test_damaged_rules_are_refused(path: str, value: object, message: str) -> None:
    """What is wrong is told with its path in the state; nothing is guessed."""
    document = copy.deepcopy(to_json(DEV))
    holder: Any = document
    *way, last = path.split(".")
    for step in way:
        holder = holder[int(step) if step.isdigit() else step]
    if last.isdigit():
        holder[int(last)] = value
    else:
        holder[last] = value

    assert refusal(document).startswith(f"the recorded deletion policy: {message}")


@pytest.mark.parametrize("key", sorted(set(to_json(DEV)) - {"skip_place"}))
def test_a_missing_key_is_refused(key: str) -> None:
    """Nothing falls back to a default: a default could be looser."""
    document = to_json(DEV)
    del document[key]

    assert refusal(document) == f"the recorded deletion policy: rules: {key} is missing"


def test_a_digest_beside_the_rules_counts_where_they_hold_none() -> None:
    """The first states of version 1 have it there alone; it is held against the rules all the same."""
    document = to_json(DEV)
    held = document.pop("digest")

    assert from_json(document, held) == DEV
    for other in ("sha256:0", 1):
        with pytest.raises(PolicyError, match="the rules are not those that were recorded"):
            from_json(document, other)
    assert from_json({**document, "digest": held}, "sha256:0") == DEV


@pytest.mark.parametrize("document", [None, [], '"rules"', 1, "[]"], ids=repr)
def test_no_rules_at_all(document: object) -> None:
    """What is no mapping holds no rules."""
    assert refusal(document) == "the recorded deletion policy: rules: a mapping is due"


@pytest.mark.parametrize(
    "text",
    ["", "rules", to_text(DEV)[:-1], to_text(DEV) + "}", "[" * 100_000, "1" * 5_000],
    ids=lambda t: t[:9],
)
def test_a_text_that_is_no_json_is_refused(text: str) -> None:
    """Recorded rules that were cut, or nest too deep to be read, are none."""
    assert refusal(text) == "the recorded deletion policy: rules: this is no JSON"


def test_the_text_is_the_json_in_ascii() -> None:
    """What a state records of rules reads the same everywhere, and holds nothing else than the JSON does."""
    text = to_text(DEV)

    assert text.isascii()
    assert json.loads(text) == to_json(DEV)
    assert from_json(text) == DEV


def test_deep_nesting_is_refused() -> None:
    """However deep a damaged document is, it is refused rather than followed."""
    deep: list[Any] = []
    for _ in range(2000):
        deep = [deep]

    assert "values lie too deep inside each other" in refusal(to_json(DEV) | {"stacks": deep})


def test_a_protected_environment_that_gained_rules_is_refused() -> None:
    """Rules pasted into recorded production are not read."""
    document = to_json(PRODUCTION) | {"skip": to_json(DEV)["skip"]}

    assert "rules.protected: this contradicts the skip rules" in refusal(document)


def test_an_environment_that_lost_its_rules_is_refused() -> None:
    """Stricter than recorded is refused too: nobody knows what else was lost."""
    assert "rules.protected: this contradicts the skip rules" in refusal(to_json(DEV) | {"skip": []})

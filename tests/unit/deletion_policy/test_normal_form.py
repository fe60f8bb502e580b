"""Recorded rules: their JSON, its digest, and what is refused of it."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from redshift_teardown.deletion_policy import (
    PolicyError,
    Position,
    Problem,
    SkipRule,
    WaitRules,
    When,
    digest,
    from_json,
    loads,
    to_json,
    to_text,
)

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
DONNEES = loads(TEXT.replace("no data of record", "données"), source="p.yaml").environments[0]


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
    assert digest(DONNEES) == "sha256:923037ec9d80666210ae1bfc84b081c8f265c281bc12b2f53f4445cadf0e5dcb"
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
    [problem] = caught.value.problems
    assert problem == Problem("the recorded deletion policy", 0, 0, problem.message)
    return str(caught.value)


OTHERS = "the recorded deletion policy: the rules are not those that were recorded"
DAMAGE: list[tuple[str, Any]] = [
    ("name", 1),
    ("name", "no name"),
    ("receipts", "/etc"),
    ("receipts", None),
    ("skip", None),
    ("skip", "never"),
    ("skip.0", None),
    ("skip.0.because", ""),
    ("skip.0.when", {}),
    ("skip.0.when", {"never": True}),
    ("skip.0.when.max_nodes", 2.5),
    ("skip.0.when.max_nodes", True),
    ("skip.0.when.max_nodes", 3),
    ("skip.0.when.younger_than_hours", float("nan")),
    ("skip.0.place", "p.yaml"),
    ("final_snapshot", None),
    ("final_snapshot.retention_days", 0),
    ("final_snapshot.retention_days", None),
    ("final_snapshot.name", "{"),
    ("final_snapshot.tags", []),
    ("final_snapshot.place", 12),
    ("wait", []),
    ("wait.timeout_hours", 0),
    ("place", "p.yaml:x"),
    ("place", "p.yaml:1234567890"),
    ("place", ":"),
    ("skip_place", ""),
    ("stacks", "dev"),
    ("accounts", [1]),
    ("protected", True),
    ("protected", 0),
    ("digest", "sha256:0"),
    ("more", 1),
    ("name", "other"),
    ("stacks", [["dev-*"]]),
    ("skip.0.when.max_nodes", 10**400),
    ("skip.0.when.tags", ["b"]),
    ("skip.0.when.identifier", {"a": "a"}),
    ("wait.poll_seconds", float("inf")),
    ("wait.timeout_hours", 10**400),
    ("final_snapshot.retention_days", float("inf")),
    ("final_snapshot.retention_days", float("nan")),
    ("place", "p.yaml:03"),
    ("wait.timeout_hours", 25),
]


@pytest.mark.parametrize(("path", "value"), DAMAGE, ids=lambda value: repr(value)[:40])
def test_damaged_rules_are_refused(path: str, value: object) -> None:
    """Whatever is other than it was recorded, nothing is guessed."""
    document = copy.deepcopy(to_json(DEV))
    holder: Any = document
    *way, last = path.split(".")
    for step in way:
        holder = holder[int(step) if step.isdigit() else step]
    if last.isdigit():
        holder[int(last)] = value
    else:
        holder[last] = value

    assert refusal(document) == OTHERS


@pytest.mark.parametrize("key", sorted(set(to_json(DEV)) - {"skip_place"}))
def test_a_missing_key_is_refused(key: str) -> None:
    """Nothing falls back to a default: a default could be looser."""
    document = to_json(DEV)
    del document[key]

    assert refusal(document) == OTHERS


def test_what_later_releases_refuse_stays_readable() -> None:
    """The digest says that a release took these rules: limits of today's files are not asked."""
    rule = SkipRule(When(identifier=("[^p]*",), max_nodes=5000), "an old reason " * 50, Position("old", 0))
    old = replace(
        DEV, name="name of old", skip=(rule,), wait=WaitRules(1e6, 1e-6), stacks=("a stack of old",)
    )

    assert from_json(to_json(old)) == from_json(to_text(old)) == old


def test_a_digest_beside_the_rules_counts_where_they_hold_none() -> None:
    """The first states of version 1 have it there alone; it is held against the rules all the same."""
    document = to_json(DEV)
    held = document.pop("digest")

    assert from_json(document, held) == DEV
    for other in ("sha256:0", 1):
        with pytest.raises(PolicyError, match=OTHERS):
            from_json(document, other)
    assert from_json({**document, "digest": held}, "sha256:0") == DEV


@pytest.mark.parametrize("document", [None, [], '"rules"', 1, "[]"], ids=repr)
def test_no_rules_at_all(document: object) -> None:
    """What is no mapping holds no rules."""
    assert refusal(document) == "the recorded deletion policy: there are no rules"


@pytest.mark.parametrize(
    "text",
    ["", "rules", to_text(DEV)[:-1], to_text(DEV) + "}", "[" * 100_000, "1" * 5_000],
    ids=lambda t: t[:9],
)
def test_a_text_that_is_no_json_is_refused(text: str) -> None:
    """Recorded rules that were cut, or nest too deep to be read, are none."""
    assert refusal(text) == "the recorded deletion policy: the rules are no JSON"


def test_a_long_line_number_is_a_place() -> None:
    """A file of a megabyte has fewer lines; what is longer is no line number."""
    far = replace(DEV, place=Position("p.yaml", 123456789))

    assert from_json(to_json(far)) == far


def test_the_text_is_the_json_in_ascii() -> None:
    """What a state records of rules reads the same everywhere, and holds nothing else than the JSON does."""
    text = to_text(DONNEES)

    assert text.isascii()
    assert ", " not in text
    assert json.loads(text) == to_json(DONNEES)
    assert from_json(text) == DONNEES


def test_deep_nesting_is_refused() -> None:
    """However deep a damaged document is, it is refused rather than followed."""
    deep: list[Any] = []
    for _ in range(2000):
        deep = [deep]

    assert (
        refusal(to_json(DEV) | {"final_snapshot": {**to_json(DEV)["final_snapshot"], "tags": {"team": deep}}})
        == OTHERS
    )
    for key in to_json(DEV):
        assert refusal(to_json(DEV) | {key: deep}) == OTHERS


def test_a_protected_environment_that_gained_rules_is_refused() -> None:
    """Rules pasted into recorded production are not read."""
    document = to_json(PRODUCTION) | {"skip": to_json(DEV)["skip"]}

    assert refusal(document) == OTHERS


def test_an_environment_that_lost_its_rules_is_refused() -> None:
    """Stricter than recorded is refused too: nobody knows what else was lost."""
    assert refusal(to_json(DEV) | {"skip": []}) == OTHERS

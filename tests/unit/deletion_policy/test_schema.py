"""The JSON Schema flags in an editor what the loader flags, wherever JSON Schema can say it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from redshift_teardown.deletion_policy import model, naming
from redshift_teardown.deletion_policy.reading import checks, policy, reader, rules
from redshift_teardown.deletion_policy.schema import schema_text

DOCUMENTS = Path(__file__).parent / "documents"
BAD = sorted((DOCUMENTS / "bad").glob("*.yaml"))
GOOD = sorted((DOCUMENTS / "good").glob("*.yaml"))

# Documents that the loader refuses for reasons beyond JSON Schema, each reviewed.
BEYOND_SCHEMA = {
    **dict.fromkeys(
        (
            "yaml-key-twice",
            "yaml-environment-twice",
            "yaml-top-level-key-twice",
            "yaml-alias-key-twice",
            "tags-twice",
        ),
        "a YAML reader keeps one of two equal keys before a schema sees them",
    ),
    **dict.fromkeys(
        ("accounts-in-two-environments", "stacks-in-two-environments", "tags-many-united"),
        "two environments, or one and the defaults, are compared",
    ),
    "stacks-pattern-turned-range": "what is between two letters a pattern cannot compare",
    "released-twice": "two entries are compared by a part of each",
    "skip-after-always": "what one rule says makes another one useless",
    **dict.fromkeys(
        (
            "trap-octal-retention",
            "trap-hexadecimal",
            "trap-underscore",
            "trap-sexagesimal",
            "trap-plus",
            "trap-requested-yes",
            "trap-key-no",
            "trap-key-on",
            "trap-account-leading-zero",
            "version-decimal",
        ),
        "the reader has made a number, a truth or a text of it already",
    ),
    "yaml-tag-str": "a schema sees no tags",
    "file-bidi": "a schema sees no comments",
    **dict.fromkeys(
        ("skip-because-bidi", "file-escaped-control-character"),
        "a pattern for every text would drown the editor's own message",
    ),
    "file-utf-16": "other YAML readers take UTF-16",
    "file-next-line": "other YAML readers take U+0085 for a line break",
    "trap-not-a-number": "no bound holds or fails for what is no number",
    "yaml-merge-key": "the reader has merged the keys already",
}


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    """The schema, itself checked."""
    schema = json.loads(schema_text())
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def _as_an_editor_reads(content: bytes) -> Any:
    """Read a document as JSON would have it: every key a text."""
    return _with_text_keys(yaml.safe_load(content))


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key if isinstance(key, str) else json.dumps(key): _with_text_keys(item)
            for key, item in value.items()
        }
    return [_with_text_keys(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("document", BAD, ids=lambda path: path.stem)
def test_what_the_loader_refuses_the_schema_flags(document: Path, validator: Draft7Validator) -> None:
    """A document that is refused is flagged in the editor too, unless its error is beyond JSON Schema."""
    try:
        value = _as_an_editor_reads(document.read_bytes())
    except (yaml.YAMLError, ValueError, RecursionError):
        # No YAML, or none that JSON could hold: the editor says so itself.
        assert document.stem not in BEYOND_SCHEMA
        return

    assert validator.is_valid(value) == (document.stem in BEYOND_SCHEMA)


@pytest.mark.parametrize("document", GOOD, ids=lambda path: path.stem)
def test_what_the_loader_reads_the_schema_accepts(document: Path, validator: Draft7Validator) -> None:
    """An editor flags nothing in a document that the loader reads."""
    value = _as_an_editor_reads(document.read_bytes())

    assert [error.message for error in validator.iter_errors(value)] == []


def test_the_beyond_list_names_documents() -> None:
    """Every document on the reviewed list exists."""
    assert set(BEYOND_SCHEMA) <= {path.stem for path in BAD}


def test_schema_and_loader_have_the_same_keys_and_limits() -> None:
    """Keys, bounds and defaults are said twice, and the same both times."""
    schema = json.loads(schema_text())
    defined = schema["definitions"]
    snapshot = defined["final_snapshot"]["properties"]
    wait = defined["wait"]["properties"]
    when = defined["when"]["properties"]

    said = {
        "at the top of the file": (schema["properties"], policy.POLICY),
        "under defaults": (schema["properties"]["defaults"]["properties"], policy.DEFAULTS),
        "under an environment": (defined["environment"]["properties"], policy.ENVIRONMENT),
        "in an entry of released": (schema["properties"]["released"]["items"]["properties"], policy.RELEASE),
        "in a rule under skip": (defined["rule"]["properties"], rules.RULE),
        "under the when of a skip rule": (when, rules.WHEN),
        "under final_snapshot": (snapshot, policy.SNAPSHOT),
        "under wait": (wait, policy.WAIT),
    }
    for properties, keys in said.values():
        assert tuple(properties) == tuple(keys)
    assert {key: home for key, home in reader.HOMES.items() if key not in said[home][1]} == {}
    assert {key for _, keys in said.values() for key in keys} - set(reader.HOMES) == {"stack"}
    assert schema["properties"]["version"]["const"] == model.VERSION
    assert schema["properties"]["receipts"]["default"] == model.DEFAULT_RECEIPTS
    assert (
        schema["properties"]["environments"]["propertyNames"]["maxLength"] == checks.LONGEST_ENVIRONMENT_NAME
    )
    assert defined["rule"]["properties"]["because"]["maxLength"] == checks.LONGEST_REASON
    assert when["max_nodes"]["maximum"] == rules.MOST_CLUSTER_NODES
    assert when["younger_than_hours"]["maximum"] == rules.LONGEST_AGE_HOURS
    assert snapshot["name"]["maxLength"] == naming.LONGEST_NAME
    assert snapshot["name"]["default"] == model.DEFAULT_NAME
    assert snapshot["retention_days"]["anyOf"][2]["maximum"] == policy.LONGEST_RETENTION_DAYS
    assert snapshot["tags"]["maxProperties"] == naming.MOST_POLICY_TAGS
    assert snapshot["tags"]["additionalProperties"]["maxLength"] == naming.LONGEST_TAG_VALUE
    assert snapshot["tags"]["propertyNames"]["allOf"][1]["not"]["pattern"] == f"^{naming.RESERVED_TAG_PREFIX}"
    assert defined["tag_key"]["maxLength"] == naming.LONGEST_TAG_KEY
    assert wait["timeout_hours"]["maximum"] == policy.LONGEST_TIMEOUT_HOURS
    assert wait["timeout_hours"]["default"] == model.DEFAULT_TIMEOUT_HOURS
    assert wait["poll_seconds"]["minimum"] == policy.SHORTEST_POLL_SECONDS
    assert wait["poll_seconds"]["maximum"] == policy.LONGEST_POLL_SECONDS
    assert wait["poll_seconds"]["default"] == model.DEFAULT_POLL_SECONDS
    for name in naming.PLACEHOLDERS:
        assert f"{{{name}}}" in snapshot["name"]["description"]


def test_every_key_has_hover_text() -> None:
    """An editor explains each key of the language."""
    schema = json.loads(schema_text())
    silent = [key for key, value in _properties(schema, schema) if "description" not in value]

    assert silent == []


def _properties(schema: dict[str, Any], root: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for key, value in schema.get("properties", {}).items():
        target = root["definitions"][value["$ref"].rpartition("/")[2]] if "$ref" in value else value
        found.append((key, target))
    for nested in [*schema.get("properties", {}).values(), *schema.get("definitions", {}).values()]:
        found += _properties(nested, root)
    return found

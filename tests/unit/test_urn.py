"""URNs, taken apart."""

from __future__ import annotations

import pytest

from redshift_teardown.engine.urn import Urn
from redshift_teardown.errors import TeardownError

CLUSTER = "pulumi-python:dynamic/redshift:Cluster"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (f"urn:pulumi:prod::warehouse::{CLUSTER}::main", ("prod", "warehouse", CLUSTER, "main")),
        (f"urn:pulumi:prod::w::acme:data:Platform${CLUSTER}::a", ("prod", "w", CLUSTER, "a")),
        (f"urn:pulumi:prod::w::a:b:C$d:e:F${CLUSTER}::a", ("prod", "w", CLUSTER, "a")),
        (f"urn:pulumi:prod::w::{CLUSTER}::a::b::c", ("prod", "w", CLUSTER, "a::b::c")),
        (f"urn:pulumi:pr-1.x_y::w::{CLUSTER}::数据 $1", ("pr-1.x_y", "w", CLUSTER, "数据 $1")),
    ],
    ids=["plain", "in a component", "nested", "colons in the name", "any characters"],
)
def test_urn_gives_its_parts(text: str, parts: tuple[str, str, str, str]) -> None:
    """Stack, project, the resource's own type and its name, whatever the name has in it."""
    urn = Urn.parse(text)

    assert (urn.stack, urn.project, urn.type, urn.name) == parts
    assert str(urn) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a Pulumi URN: ''"),
        ("arn:aws:redshift:eu-central-1:1:cluster:x", "expected urn:pulumi:STACK::PROJECT::TYPE::NAME"),
        ("urn:pulumi:prod", "has no project"),
        ("urn:pulumi:::w::t::n", "has no stack"),
        ("urn:pulumi:prod::w::t::", "has no name"),
        ("urn:pulumi:prod::w::t", "has no name"),
        ("urn:pulumi:prod::w::a:b:C$::n", "has no type after 'a:b:C$'"),
    ],
)
def test_what_is_no_urn_is_refused_with_the_missing_part(text: str, said: str) -> None:
    """The message names the text, what it lacks and the form that is due."""
    with pytest.raises(TeardownError) as caught:
        Urn.parse(text)

    assert said in str(caught.value)
    assert "expected urn:pulumi:STACK::PROJECT::TYPE::NAME" in str(caught.value)

"""The tag that says of which resource a snapshot is: two resources never share it, and old ones are read."""

from __future__ import annotations

from itertools import combinations

import pytest

from redshift_teardown.deletion_policy import fit_tag_value, once_fitted
from redshift_teardown.teardown.resource_tag import decoded, is_named, says

OWN = "pulumi-python:dynamic/redshift:Cluster"
PLAIN = f"urn:pulumi:prod::shop::{OWN}::wh"
NESTED = f"urn:pulumi:prod::shop::my:index:Team${OWN}::wh"
URNS = [
    PLAIN,
    NESTED,
    f"urn:pulumi:prod::shop::{OWN}::wh#1",
    f"urn:pulumi:prod::shop::{OWN}::wh!1",
    f"urn:pulumi:prod::shop::{OWN}::wh-1",
    f"urn:pulumi:prod::shop::my-org:index:Team${OWN}::wh",
    f"urn:pulumi:prod::shop::my:index:Team$my-org:index:Inner${OWN}::wh",
    f"urn:pulumi:prod::shop::my:index:Team-my$org:index:Inner${OWN}::wh",
    f"urn:pulumi:prod::shop::my:index:Team$other:index:Inner${OWN}::wh",
    f"urn:pulumi:prod::shop::my:Group${OWN}::wh",
    f"urn:pulumi:prod::shop::{OWN}::" + "x" * 300,
    f"urn:pulumi:prod::shop::{OWN}::" + "x" * 301,
]
AMBIGUOUS = {URNS[2], URNS[3], URNS[6], URNS[7]}


def test_each_says_its_own_resource_and_no_other() -> None:
    """What is written today is one resource's, whatever characters its name, stack and parents have."""
    for urn in URNS:
        assert [each for each in URNS if says(fit_tag_value(urn), each)] == [urn]


def test_two_resources_never_have_one_value() -> None:
    """All that is written differs."""
    assert [pair for pair in combinations(URNS, 2) if len({*map(fit_tag_value, pair)}) == 1] == []


def test_what_an_earlier_release_wrote_counts_where_it_stood_for_one() -> None:
    """A nested resource's old tag is its own still; one that two resources would have had is nobody's."""
    for urn in URNS:
        assert says(once_fitted(urn), urn) is (urn not in AMBIGUOUS)
    assert once_fitted(URNS[6]) == once_fitted(URNS[7])


def test_no_tag_says_nothing() -> None:
    """A snapshot without the tag is of no resource."""
    assert says(None, PLAIN) is False
    assert is_named(None, "wh") is False
    assert says("", PLAIN) is False


@pytest.mark.parametrize("urn", [urn for urn in URNS if "#" not in urn and "!" not in urn and len(urn) < 250])
def test_it_is_read_back(urn: str) -> None:
    """Where nothing but a `$` was replaced, the URN itself is shown, and found under another parent."""
    assert decoded(fit_tag_value(urn)) == urn
    assert is_named(fit_tag_value(urn), urn.rpartition("::")[2])
    assert not is_named(fit_tag_value(urn), "w")


def test_what_cannot_be_read_back_stays_as_it_is() -> None:
    """A value of another maker, or of a name with other characters, is shown as it stands."""
    for value in ("", "urn:pulumi:x", fit_tag_value(URNS[2]), "a-" + "0" * 8, "::".join("abcd"), "-" * 256):
        assert decoded(value) == value
    assert decoded(once_fitted(NESTED)) == NESTED
    assert decoded(once_fitted(URNS[6])) == once_fitted(URNS[6])
    assert not is_named(fit_tag_value(URNS[2]), "wh#1")
    assert not is_named(once_fitted(URNS[2]), "wh#1")


def test_a_hostile_value_takes_no_time() -> None:
    """Hyphens in every place a `$` could be are no work: nobody has to try them all."""
    chain = "a:b:" + "-".join("c" * 5) + "-d:e:" * 10
    assert (
        decoded(f"urn:pulumi:s::p::{chain}-{OWN}::n-01234567")
        == f"urn:pulumi:s::p::{chain}-{OWN}::n-01234567"
    )

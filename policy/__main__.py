"""Starts the policy pack; the policies themselves are in `redshift_pack`, where tests can import them."""

from __future__ import annotations

from pulumi_policy import EnforcementLevel, PolicyPack

from redshift_pack import DESCRIPTION, NAME, policies

PolicyPack(
    name=NAME,
    description=DESCRIPTION,
    display_name="Redshift final snapshots",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=policies(),
    provider="aws",
    tags=["redshift", "snapshot", "data-protection"],
)

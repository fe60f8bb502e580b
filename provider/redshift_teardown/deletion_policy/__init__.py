"""The deletion policy: YAML to rules, rules and facts to a decision.

This package is pure. It imports neither pulumi nor boto3, so that the program, the policy pack, the delete
itself and the command line all ask the same `decide`.
"""

from __future__ import annotations

from redshift_teardown.deletion_policy.decision import (
    Decision,
    Outcome,
    Voices,
    decide,
    describe_retention,
    doubts_of,
    stricter,
    with_doubt,
)
from redshift_teardown.deletion_policy.facts import Facts, facts_of
from redshift_teardown.deletion_policy.loader import load, loads
from redshift_teardown.deletion_policy.matching import Match, match
from redshift_teardown.deletion_policy.model import (
    FOREVER,
    Environment,
    FinalSnapshot,
    Policy,
    Release,
    SkipRule,
    WaitRules,
    When,
)
from redshift_teardown.deletion_policy.naming import (
    MOST_POLICY_TAGS,
    expand_tags,
    fit_tag_key,
    fit_tag_value,
    fits_template,
    name_problem,
    next_name,
    once_fitted,
    snapshot_name,
    time_in_name,
)
from redshift_teardown.deletion_policy.normal_form import digest, from_json, to_json, to_text
from redshift_teardown.deletion_policy.patterns import matches
from redshift_teardown.deletion_policy.problems import Objection, PolicyError, Position, Problem
from redshift_teardown.deletion_policy.schema import schema_text

__all__ = [
    "FOREVER",
    "MOST_POLICY_TAGS",
    "Decision",
    "Environment",
    "Facts",
    "FinalSnapshot",
    "Match",
    "Objection",
    "Outcome",
    "Policy",
    "PolicyError",
    "Position",
    "Problem",
    "Release",
    "SkipRule",
    "Voices",
    "WaitRules",
    "When",
    "decide",
    "describe_retention",
    "digest",
    "doubts_of",
    "expand_tags",
    "facts_of",
    "fit_tag_key",
    "fit_tag_value",
    "fits_template",
    "from_json",
    "load",
    "loads",
    "match",
    "matches",
    "name_problem",
    "next_name",
    "once_fitted",
    "schema_text",
    "snapshot_name",
    "stricter",
    "time_in_name",
    "to_json",
    "to_text",
    "with_doubt",
]

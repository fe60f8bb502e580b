"""Hypothesis strategies for environments, facts and decisions."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import reduce

from hypothesis import settings
from hypothesis import strategies as st

from redshift_teardown.deletion_policy import (
    Decision,
    Environment,
    Facts,
    FinalSnapshot,
    Position,
    SkipRule,
    WaitRules,
    When,
    decide,
    stricter,
)
from redshift_teardown.deletion_policy.naming import PLACEHOLDERS
from tests.long import ALL

# `make test` runs a slice; with everything asked for, each law meets five hundred cases.
thorough = settings(max_examples=500 if ALL else 25, deadline=None)

any_text = st.text(st.characters(codec=None), max_size=300)
hours = st.sampled_from([0.01, 0.5, 1.0, 24.0, 1e-7, 8760.0])
words = st.sampled_from(["a", "b", "etl-1", "dev", "true", "ra3.large", "dc2.large"])
globs = st.sampled_from(["*", "a", "b*", "etl-[0-9]", "?", "dc2.*", "true"])
glob_lists = st.lists(globs, max_size=3, unique=True).map(lambda found: tuple(sorted(found)))
tags = st.dictionaries(st.sampled_from(["a", "b", "team"]), words, max_size=3).map(
    lambda found: tuple(sorted(found.items()))
)
places = st.builds(
    Position, st.sampled_from(["policy.yaml", "policy/deletion-policy.yaml", "c:/x:1"]), st.integers(1, 500)
)
templates = st.lists(
    st.one_of(
        st.sampled_from([f"{{{name}}}" for name in PLACEHOLDERS]),
        st.sampled_from(["-", "final", "_", "é", "9", "{", "}", " "]),
        st.text(st.characters(codec=None), max_size=40),
    ),
    max_size=8,
).map("".join)


def _some_condition(when: When) -> bool:
    return when != When()


conditions = st.builds(
    When,
    requested=st.none() | st.booleans(),
    tags=st.dictionaries(st.sampled_from(["a", "b"]), globs, max_size=2).map(
        lambda found: tuple(sorted(found.items()))
    ),
    identifier=st.lists(st.sampled_from(["*", "a", "etl-[0-9]", "?"]), max_size=2, unique=True).map(
        lambda found: tuple(sorted(found))
    ),
    node_type=glob_lists,
    max_nodes=st.none() | st.integers(1, 4),
    younger_than_hours=st.none() | hours,
    restored_from_snapshot=st.none() | st.booleans(),
).filter(_some_condition) | st.just(When(always=True))

because = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30)


@st.composite
def skip_rules(draw: st.DrawFn) -> tuple[SkipRule, ...]:
    """Rules as the loader gives them: nothing stands behind one that always holds."""
    rules = draw(st.lists(st.builds(SkipRule, conditions, because, places), max_size=4))
    always = next((index for index, rule in enumerate(rules) if rule.when.always), len(rules))
    return tuple(rules[: always + 1])


snapshots = st.builds(
    FinalSnapshot,
    name=st.sampled_from(["{cluster}-final-{timestamp}", "{environment}-{cluster}", "x"]),
    retention_days=st.sampled_from([-1, 1, 7, 35, 3653]),
    tags=tags,
    place=places,
)
environments = st.builds(
    Environment,
    name=st.sampled_from(["", "dev", "production", "staging.eu_1"]),
    stacks=st.lists(st.sampled_from(["dev", "dev-*", "prod"]), unique=True).map(tuple),
    accounts=st.lists(st.sampled_from(["111122223333", "444455556666"]), unique=True).map(tuple),
    skip=skip_rules(),
    final_snapshot=snapshots,
    wait=st.builds(WaitRules, hours, st.sampled_from([0.01, 1.0, 15.0])),
    receipts=st.sampled_from([".redshift-teardown/receipts", "receipts"]),
    place=places,
    skip_place=st.none() | places,
)

_epoch = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
times = st.sampled_from([-24, -1, -0.01, 0, 0.01, 0.4, 23.9, 24.1, 9999]).map(
    lambda offset: _epoch - timedelta(hours=offset)
)
facts = st.builds(
    Facts,
    project=st.none() | words,
    stack=st.none() | words,
    resource=st.none() | words,
    identifier=st.none() | words,
    node_type=st.none() | words,
    number_of_nodes=st.none() | st.integers(1, 5),
    tags=st.none() | st.dictionaries(st.sampled_from(["a", "b", "c"]), st.none() | words, max_size=3),
    skip_requested=st.none() | st.booleans(),
    requested_name=st.none() | st.sampled_from(["final", "Final-1", "not a name"]),
    account=st.none() | st.just("111122223333"),
    region=st.none() | st.just("eu-west-1"),
    create_time=st.none() | times,
    restored_from_snapshot=st.none() | st.booleans(),
    now=st.none() | st.just(_epoch),
)


@st.composite
def single_decisions(draw: st.DrawFn) -> Decision:
    """Decide once: some environment about some cluster."""
    return decide(
        draw(environments),
        draw(facts),
        at_destroy=draw(st.booleans()),
        precedence=draw(st.integers(0, 2)),
    )


decisions = st.lists(single_decisions(), min_size=1, max_size=3).map(lambda some: reduce(stricter, some))

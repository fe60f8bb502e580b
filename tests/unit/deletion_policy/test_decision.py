"""Deciding: each condition, the order of rules, what is unknown, and the words of a decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from redshift_teardown.deletion_policy import (
    FOREVER,
    Decision,
    Environment,
    Facts,
    FinalSnapshot,
    Outcome,
    Position,
    SkipRule,
    Voices,
    WaitRules,
    When,
    decide,
    describe_retention,
    stricter,
    with_doubt,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
KNOWN = Facts(
    project="warehouse",
    stack="dev",
    resource="main",
    identifier="etl-1",
    node_type="dc2.large",
    number_of_nodes=2,
    tags={"ephemeral": "true", "owner": "team-a"},
    skip_requested=True,
    create_time=NOW - timedelta(hours=10),
    restored_from_snapshot=False,
    now=NOW,
)


def environment(*rules: SkipRule, name: str = "dev", days: int = 7, **more: Any) -> Environment:
    """Make an environment; the places of its parts differ, so that none can stand for another."""
    made = Environment(
        name=name,
        stacks=(name,),
        accounts=(),
        skip=rules,
        final_snapshot=FinalSnapshot("{cluster}-final", days, (("team", "data"),), Position("p.yaml", 3)),
        wait=WaitRules(24.0, 15.0),
        receipts="receipts",
        place=Position("p.yaml", 1),
        skip_place=Position("p.yaml", 5) if rules else None,
    )
    return replace(made, **more)


def rule(because: str = "it may go", line: int = 6, **when: Any) -> SkipRule:
    """Make a skip rule."""
    return SkipRule(When(**when), because, Position("p.yaml", line))


HOLDS = [
    {"always": True},
    {"requested": True},
    {"tags": (("ephemeral", "true"),)},
    {"tags": (("ephemeral", "t*"), ("owner", "team-[ab]"))},
    {"identifier": ("x", "etl-*")},
    {"node_type": ("dc2.*",)},
    {"max_nodes": 2},
    {"max_nodes": 3},
    {"younger_than_hours": 10.01},
    {"restored_from_snapshot": False},
    {"requested": True, "max_nodes": 2, "identifier": ("etl-1",), "younger_than_hours": 11},
]
DOES_NOT_HOLD = [
    {},
    {"requested": False},
    {"tags": (("ephemeral", "True"),)},
    {"tags": (("Ephemeral", "true"),)},
    {"tags": (("ephemeral", "true"), ("owner", "team-b"))},
    {"tags": (("absent", "*"),)},
    {"identifier": ("etl",)},
    {"identifier": ("ETL-*",)},
    {"node_type": ("ra3.*", "dc2")},
    {"max_nodes": 1},
    {"younger_than_hours": 10},
    {"restored_from_snapshot": True},
    {"requested": True, "max_nodes": 1},
]


@pytest.mark.parametrize("when", HOLDS, ids=str)
def test_a_rule_holds_when_all_its_conditions_do(when: dict[str, Any]) -> None:
    """Every condition that holds lets the cluster go without a snapshot, with the rule's words and place."""
    decision = decide(environment(rule(**when)), KNOWN)

    assert decision.outcome is Outcome.SKIP
    assert (decision.because, decision.place) == ("it may go", Position("p.yaml", 6))
    assert decision.describe() == "no final snapshot: it may go (p.yaml:6)"
    assert not decision.request_refused


@pytest.mark.parametrize("when", DOES_NOT_HOLD, ids=str)
def test_a_rule_fails_with_one_condition(when: dict[str, Any]) -> None:
    """One condition that does not hold keeps the snapshot, and so does a rule without conditions."""
    decision = decide(environment(rule(**when)), KNOWN)

    assert decision.outcome is Outcome.SNAPSHOT
    assert decision.because == "no skip rule of environment dev holds"
    assert decision.place == Position("p.yaml", 5)
    assert decision.request_refused


UNKNOWN = [
    ({"requested": True}, {"skip_requested": None}, "whether the program asks to skip is unknown"),
    ({"tags": (("a", "*"),)}, {"tags": None}, "tags unknown"),
    ({"tags": (("a", "*"),)}, {"tags": {"a": None}}, "tag a unknown"),
    ({"identifier": ("*",)}, {"identifier": None}, "identifier unknown"),
    ({"node_type": ("*",)}, {"node_type": None}, "node type unknown"),
    ({"max_nodes": 9}, {"number_of_nodes": None}, "number of nodes unknown"),
    ({"younger_than_hours": 99}, {"now": None}, "age known only at destroy"),
    ({"younger_than_hours": 99}, {"now": None, "create_time": None}, "age known only at destroy"),
    ({"younger_than_hours": 99}, {"create_time": None}, "age unknown until the cluster exists"),
    (
        {"younger_than_hours": 99},
        {"create_time": NOW + timedelta(minutes=5, seconds=1)},
        "creation time lies in the future",
    ),
    (
        {"restored_from_snapshot": True},
        {"restored_from_snapshot": None},
        "whether it was restored from a snapshot is unknown",
    ),
]


@pytest.mark.parametrize(("when", "unknown", "words"), UNKNOWN, ids=str)
def test_an_unknown_fact_is_told_in_preview_and_keeps_the_snapshot_at_destroy(
    when: dict[str, Any], unknown: dict[str, Any], words: str
) -> None:
    """In preview the rule is undecided and says what is missing; at destroy it does not hold."""
    facts = replace(KNOWN, **unknown)
    preview = decide(environment(rule(**when)), facts)
    destroy = decide(environment(rule(**when)), facts, at_destroy=True)

    assert preview.outcome is Outcome.UNDECIDED
    assert preview.undecided == (words,)
    assert (preview.because, preview.place) == ("it may go", Position("p.yaml", 6))
    assert preview.describe() == (
        f'undecided: {words}; final snapshot, kept 7 days (p.yaml:3) unless "it may go" (p.yaml:6) holds'
    )
    assert not preview.request_refused
    assert destroy.outcome is Outcome.SNAPSHOT
    assert destroy.because == "no skip rule of environment dev holds"
    assert destroy.undecided == ()


def test_clocks_may_differ_by_five_minutes() -> None:
    """A cluster created a little in the future of our clock is young, not ageless."""
    facts = replace(KNOWN, create_time=NOW + timedelta(minutes=5))

    assert decide(environment(rule(younger_than_hours=1)), facts).outcome is Outcome.SKIP


def test_a_condition_that_fails_outweighs_what_is_unknown() -> None:
    """No unknown fact can save a rule one of whose conditions does not hold."""
    facts = replace(KNOWN, node_type=None)
    unknown_first = rule(node_type=("*",), younger_than_hours=1)
    failing_first = rule(max_nodes=1, node_type=("*",))

    assert decide(environment(unknown_first), facts).outcome is Outcome.SNAPSHOT
    assert decide(environment(failing_first), facts).outcome is Outcome.SNAPSHOT


def test_the_first_rule_that_holds_decides() -> None:
    """Rules are tried in order; later ones that would hold too are not named."""
    decision = decide(
        environment(
            rule("too big", 6, max_nodes=1), rule("first", 7, requested=True), rule("second", 8, always=True)
        ),
        KNOWN,
    )

    assert (decision.because, decision.place) == ("first", Position("p.yaml", 7))


def test_a_rule_that_holds_settles_an_undecided_one_before_it() -> None:
    """If a later rule holds anyway, the cluster goes without a snapshot whatever the unknown fact is."""
    rules = (rule("young", 6, younger_than_hours=1), rule("asked", 7, requested=True))
    decision = decide(environment(*rules), replace(KNOWN, now=None))

    assert decision.outcome is Outcome.SKIP
    assert (decision.because, decision.place, decision.undecided) == ("asked", Position("p.yaml", 7), ())


def test_all_undecided_rules_say_what_is_missing() -> None:
    """The first undecided rule is named; what is missing for any of them is told, each thing once."""
    decision = decide(
        environment(
            rule("young", 6, younger_than_hours=1, node_type=("*",)),
            rule("small", 7, max_nodes=2, node_type=("*",)),
        ),
        replace(KNOWN, now=None, node_type=None, number_of_nodes=None),
    )

    assert (decision.because, decision.place) == ("young", Position("p.yaml", 6))
    assert decision.undecided == ("age known only at destroy", "node type unknown", "number of nodes unknown")
    assert decision.describe().startswith(
        "undecided: age known only at destroy; node type unknown; number of nodes unknown; final snapshot"
    )


def test_a_recorded_pattern_that_reads_two_ways_is_in_doubt() -> None:
    """It does not hold for sure, whatever it would match; a pattern beside it counts."""
    for doubtful in (rule(identifier=("a", "[^x]*")), rule(tags=(("owner", "[^x]*"),))):
        assert decide(environment(doubtful), KNOWN).undecided == ('pattern "[^x]*" reads two ways',)
        assert decide(environment(doubtful), KNOWN, at_destroy=True).outcome is Outcome.SNAPSHOT
    assert decide(environment(rule(identifier=("[^x]*", "etl-*"))), KNOWN).outcome is Outcome.SKIP


def test_a_protected_environment_says_so() -> None:
    """Without rules there is always a snapshot; the line cited is that of `skip`, else the environment's."""
    plain = decide(environment(name="production"), KNOWN)
    never = decide(environment(name="production", skip_place=Position("p.yaml", 2)), KNOWN)
    unmatched = decide(environment(name=""), KNOWN)

    assert plain.outcome is Outcome.SNAPSHOT
    assert plain.protected
    assert plain.request_refused
    assert (plain.because, plain.place) == ("environment production is protected", Position("p.yaml", 1))
    assert never.place == Position("p.yaml", 2)
    assert unmatched.because == "no environment claims the stack, so it is protected"
    assert not decide(environment(name="production"), replace(KNOWN, skip_requested=None)).request_refused


def test_a_decision_carries_what_the_delete_needs() -> None:
    """Everything the environment says about the snapshot stands in the decision, its name filled in."""
    env = environment(
        name="staging",
        days=FOREVER,
        final_snapshot=FinalSnapshot(
            "{environment}-{cluster}-{environment}",
            FOREVER,
            (("env", "{environment}/{stack}"), ("team", "data")),
            Position("p.yaml", 3),
        ),
    )

    assert decide(env, KNOWN, precedence=0) == Decision(
        outcome=Outcome.SNAPSHOT,
        environment="staging",
        protected=True,
        because="environment staging is protected",
        place=Position("p.yaml", 1),
        retention_days=-1,
        retention_place=Position("p.yaml", 3),
        name_template="staging-{cluster}-staging",
        tags=(("env", "staging/{stack}"), ("team", "data")),
        wait=WaitRules(24.0, 15.0),
        receipts="receipts",
        requested_name=None,
        request_refused=True,
        undecided=(),
        precedence=0,
        voices=Voices(reason=0, retention=0, tags=()),
    )
    assert decide(env, KNOWN).precedence == 1


@pytest.mark.parametrize(
    ("requested", "granted"),
    [("Final-1", "final-1"), (None, None), ("", None), ("no good", None), ("a--b", None)],
)
def test_a_requested_name_is_granted_if_aws_accepts_it(requested: str | None, granted: str | None) -> None:
    """The program's own snapshot name is taken in lower case, or not at all."""
    assert decide(environment(), replace(KNOWN, requested_name=requested)).requested_name == granted


@pytest.mark.parametrize(
    ("days", "words"),
    [(-1, "kept forever"), (1, "kept 1 day"), (2, "kept 2 days"), (3653, "kept 3653 days")],
)
def test_retention_in_words(days: int, words: str) -> None:
    """A retention reads as a person says it."""
    assert describe_retention(days) == words


def test_a_snapshot_is_described_with_the_line_of_its_retention() -> None:
    """The line a person would change to keep it longer is the one that is cited; without one, none is."""
    decision = decide(environment(days=35), KNOWN)

    assert decision.describe() == "final snapshot, kept 35 days (p.yaml:3)"
    assert replace(decision, retention_place=None).describe() == "final snapshot, kept 35 days"


def test_a_doubt_from_outside_makes_a_skip_undecided() -> None:
    """While the account is unknown nothing is skipped for sure; a snapshot stays one, and is not sure."""
    skip = decide(environment(rule(always=True)), KNOWN)
    young = decide(environment(rule(younger_than_hours=1)), replace(KNOWN, now=None))
    snapshot = decide(environment(), KNOWN)

    assert with_doubt(skip, None) == skip
    assert with_doubt(snapshot, "account unknown").outcome is Outcome.SNAPSHOT
    assert with_doubt(snapshot, "account unknown").describe() == (
        "final snapshot, kept 7 days (p.yaml:3); account unknown, which could change that"
    )
    assert with_doubt(with_doubt(snapshot, "b unknown"), "a unknown").describe() == (
        "final snapshot, kept 7 days (p.yaml:3); a unknown; b unknown, which could change that"
    )
    assert with_doubt(skip, "account unknown").describe() == (
        "undecided: account unknown; final snapshot, kept 7 days (p.yaml:3) "
        'unless "it may go" (p.yaml:6) holds'
    )
    assert with_doubt(young, "account unknown").undecided == ("account unknown", "age known only at destroy")


def test_stricter_tells_the_truth_about_both_sides() -> None:
    """The recorded side says snapshot, the current one keeps longer and names: each is cited for its own."""
    recorded = decide(
        environment(
            name="production",
            days=7,
            wait=WaitRules(48.0, 60.0),
            receipts="old",
            place=Position("old.yaml", 1),
            final_snapshot=FinalSnapshot(
                "old-{cluster}", 7, (("only-old", "1"), ("team", "old")), Position("old.yaml", 3)
            ),
        ),
        replace(KNOWN, requested_name="old-name"),
        precedence=0,
    )
    current = decide(environment(rule(requested=True), days=35), KNOWN)

    assert stricter(recorded, current) == Decision(
        outcome=Outcome.SNAPSHOT,
        environment="production",
        protected=True,
        because="environment production is protected",
        place=Position("old.yaml", 1),
        retention_days=35,
        retention_place=Position("p.yaml", 3),
        name_template="{cluster}-final",
        tags=(("only-old", "1"), ("team", "data")),
        wait=WaitRules(48.0, 15.0),
        receipts="receipts",
        requested_name=None,
        request_refused=True,
        undecided=(),
        precedence=1,
        voices=Voices(reason=0, retention=1, tags=(("only-old", 0),)),
    )


def test_stricter_prefers_the_current_file_s_words_between_equals() -> None:
    """Two sides that say the same are cited from the current file, though its line sorts first."""
    recorded = decide(
        environment(
            place=Position("z.yaml", 9),
            final_snapshot=FinalSnapshot("{cluster}-z", 7, (), Position("z.yaml", 9)),
            receipts="z",
        ),
        replace(KNOWN, requested_name="z"),
        precedence=0,
    )
    current = decide(environment(), replace(KNOWN, requested_name="a"))
    combined = stricter(recorded, current)

    assert combined == stricter(current, recorded)
    assert combined.place == Position("p.yaml", 1)
    assert combined.retention_place == Position("p.yaml", 3)
    assert combined.name_template == "{cluster}-final"
    assert combined.receipts == "receipts"
    assert combined.requested_name == "a"


def test_stricter_cites_a_protected_side_first() -> None:
    """Between two snapshots the protected environment is named, even if only the recorded policy knew it."""
    recorded = decide(environment(name="production"), KNOWN, precedence=0)
    current = decide(environment(rule(requested=False), name="staging"), KNOWN)
    combined = stricter(recorded, current)

    assert (combined.environment, combined.protected) == ("production", True)


def test_stricter_ranks_undecided_between_snapshot_and_skip() -> None:
    """A doubt beats a skip and yields to a snapshot, and takes its reasons with it."""
    skip = decide(environment(rule(always=True)), KNOWN)
    doubt = decide(environment(rule(younger_than_hours=1)), replace(KNOWN, now=None))
    other_doubt = decide(environment(rule(max_nodes=1)), replace(KNOWN, number_of_nodes=None))
    snapshot = decide(environment(), KNOWN)

    assert stricter(skip, doubt).outcome is Outcome.UNDECIDED
    assert stricter(skip, doubt).undecided == ("age known only at destroy",)
    assert stricter(doubt, other_doubt).undecided == ("age known only at destroy", "number of nodes unknown")
    assert stricter(doubt, snapshot).outcome is Outcome.SNAPSHOT
    assert stricter(doubt, snapshot).undecided == ()


@pytest.mark.parametrize(
    ("a", "b", "longest"), [(7, 35, 35), (3653, FOREVER, FOREVER), (FOREVER, 1, FOREVER), (7, 7, 7)]
)
def test_stricter_keeps_longest(a: int, b: int, longest: int) -> None:
    """The longer retention wins, and forever is the longest."""
    combined = stricter(decide(environment(days=a), KNOWN, precedence=0), decide(environment(days=b), KNOWN))

    assert combined.retention_days == longest


def test_a_request_refused_by_one_side_is_refused() -> None:
    """The side that gives the reason need not be the one that refused."""
    refused = decide(environment(rule(requested=False)), KNOWN)
    protected = decide(environment(name="production"), replace(KNOWN, skip_requested=False), precedence=0)

    assert stricter(refused, protected).environment == "production"
    assert stricter(refused, protected).request_refused
    assert stricter(protected, refused).request_refused


def test_equals_are_told_apart_by_place_and_value() -> None:
    """Where two sides say the same with the same weight, the answer still does not depend on their order."""
    one = decide(environment(), KNOWN)
    other = decide(
        environment(
            place=Position("p.yaml", 2),
            final_snapshot=FinalSnapshot("{cluster}-final", 7, (("team", "web"),), Position("p.yaml", 4)),
        ),
        KNOWN,
    )
    nowhere = replace(one, place=None, retention_place=None)

    for combined in (stricter(one, other), stricter(other, one)):
        assert (combined.place, combined.retention_place) == (Position("p.yaml", 2), Position("p.yaml", 4))
        assert combined.tags == (("team", "web"),)
    assert stricter(one, nowhere) == one
    assert stricter(nowhere, one) == one
    assert stricter(nowhere, nowhere) == nowhere


def test_a_tag_remembers_whose_it_is() -> None:
    """A tag from the recorded side does not win against a third side, though it came with a higher one."""

    def side(precedence: int, **tags: str) -> Decision:
        snapshot = FinalSnapshot("x", 7, tuple(sorted(tags.items())), Position("p.yaml", 3))
        return decide(environment(final_snapshot=snapshot), KNOWN, precedence=precedence)

    recorded, current, third = side(0, a="z", b="old"), side(1, c="c"), side(1, a="a")

    assert stricter(stricter(recorded, current), third).tags == (("a", "a"), ("b", "old"), ("c", "c"))
    assert stricter(stricter(recorded, current), third).voices.tags == (("b", 0),)

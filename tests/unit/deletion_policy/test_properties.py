"""Laws that hold for every policy and every cluster."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from redshift_teardown.deletion_policy import (
    FOREVER,
    Decision,
    Environment,
    Facts,
    Outcome,
    PolicyError,
    decide,
    digest,
    expand_tags,
    fit_tag_key,
    fit_tag_value,
    fits_template,
    from_json,
    loads,
    name_problem,
    next_name,
    snapshot_name,
    stricter,
    to_json,
    to_text,
)
from tests.unit.deletion_policy import strategies as some

# AWS's rule as its documentation words it, apart from the product's own.
AWS_NAME = re.compile(r"[a-z](?!.*--)[a-z0-9-]{0,254}(?<!-)", re.ASCII)
AWS_TAG = re.compile(r"[\w .:/=+\-@]*")
STRICTNESS = [Outcome.SKIP, Outcome.UNDECIDED, Outcome.SNAPSHOT]

moments = st.datetimes(
    min_value=datetime(1, 1, 3),  # noqa: DTZ001 - hypothesis adds the time zone itself
    max_value=datetime(9999, 12, 28),  # noqa: DTZ001
    timezones=st.sampled_from([timezone.utc, timezone(timedelta(hours=-11)), timezone(timedelta(hours=14))]),
)
name_facts = st.builds(
    Facts,
    project=some.any_text,
    stack=some.any_text,
    resource=some.any_text,
    identifier=st.none() | some.any_text,
    account=st.none() | some.any_text,
    region=st.none() | some.any_text,
)


@some.thorough
@given(some.templates, name_facts, some.any_text, moments)
def test_every_loaded_template_names_every_cluster(
    template: str, facts: Facts, environment: str, at: datetime
) -> None:
    """A template is refused when the file is read, or gives a name AWS accepts whatever the cluster."""
    document = json.dumps({"version": 1, "defaults": {"final_snapshot": {"name": template}}})
    try:
        policy = loads(document, source="policy.yaml")
    except PolicyError:
        return
    loaded = policy.unmatched.final_snapshot.name

    name = snapshot_name(loaded, facts, environment=environment, at=at)

    assert AWS_NAME.fullmatch(name)


@some.thorough
@given(some.templates, name_facts, moments)
def test_even_a_template_that_would_be_refused_gives_a_valid_name(
    template: str, facts: Facts, at: datetime
) -> None:
    """A template that never went through the loader cannot make a delete fail either."""
    name = snapshot_name(template, facts, environment="", at=at)

    assert name_problem(name) is None
    assert AWS_NAME.fullmatch(name)


@some.thorough
@given(some.templates, name_facts, moments, st.integers(1, 1200))
def test_names_fit_the_template_they_come_from(
    template: str, facts: Facts, at: datetime, attempts: int
) -> None:
    """A name is recognised as made from its template, also after the collision rule."""
    name = snapshot_name(template, facts, environment="dev", at=at)
    taken = {name, *(f"{name[: 254 - len(str(n))].rstrip('-')}-{n}" for n in range(2, attempts))}

    assert fits_template(name, template, facts, environment="dev")
    assert fits_template(next_name(name, taken), template, facts, environment="dev")


@some.thorough
@given(some.any_text)
def test_name_problem_is_aws_s_rule(text: str) -> None:
    """The product accepts a requested name exactly where AWS does, once it is in lower case."""
    assert (name_problem(text) is None) == bool(AWS_NAME.fullmatch(text.lower()))


@some.thorough
@given(st.from_regex(AWS_NAME, fullmatch=True), st.integers(2, 30))
def test_next_name_is_new_and_valid(name: str, count: int) -> None:
    """However many names of a row are taken, the next one is free and one AWS accepts."""
    taken: set[str] = set()
    for _ in range(count):
        free = next_name(name, taken)
        assert free not in taken
        assert AWS_NAME.fullmatch(free)
        taken.add(free)


@some.thorough
@given(some.any_text)
def test_fitted_tags_are_accepted_by_aws_and_stay_as_they_are(text: str) -> None:
    """A fitted key or value has AWS's alphabet and length, and fitting it again changes nothing."""
    value, key = fit_tag_value(text), fit_tag_key(text)

    assert AWS_TAG.fullmatch(value)
    assert len(value) <= 256
    assert AWS_TAG.fullmatch(key)
    assert 1 <= len(key) <= 128
    assert not key.lower().startswith("aws:")
    assert fit_tag_value(value) == value
    assert fit_tag_key(key) == key


@some.thorough
@given(some.decisions, some.decisions)
def test_stricter_is_commutative(a: Decision, b: Decision) -> None:
    """The order of two decisions does not matter."""
    assert stricter(a, b) == stricter(b, a)


@some.thorough
@given(some.decisions, some.decisions, some.decisions)
def test_stricter_is_associative(a: Decision, b: Decision, c: Decision) -> None:
    """Nor does it matter which two of three are combined first."""
    assert stricter(stricter(a, b), c) == stricter(a, stricter(b, c))


@some.thorough
@given(some.decisions)
def test_stricter_is_idempotent(a: Decision) -> None:
    """A decision combined with itself stays as it is."""
    assert stricter(a, a) == a


@some.thorough
@given(some.decisions, some.decisions)
def test_stricter_never_yields(a: Decision, b: Decision) -> None:
    """The combination is at least as strict as either side, in every respect."""
    both = stricter(a, b)

    for side in (a, b):
        assert STRICTNESS.index(both.outcome) >= STRICTNESS.index(side.outcome)
        assert both.protected or not side.protected
        assert both.retention_days == FOREVER or both.retention_days >= side.retention_days >= 1
        assert both.wait.timeout_hours >= side.wait.timeout_hours
        assert dict(both.tags).keys() >= dict(side.tags).keys()
        assert both.request_refused or not side.request_refused
    assert both.outcome in (a.outcome, b.outcome)
    assert (both.because, both.place) in [
        (side.because, side.place) for side in (a, b) if side.outcome is both.outcome
    ]
    assert (both.retention_days, both.retention_place) in [
        (s.retention_days, s.retention_place) for s in (a, b)
    ]


@some.thorough
@given(some.environments, some.environments, some.facts, some.facts)
def test_the_current_file_names_and_tags(
    recorded: Environment, current: Environment, old: Facts, live: Facts
) -> None:
    """Template, receipts and clashing tag values come from the current file, whoever is stricter."""
    sides = [
        decide(recorded, old, at_destroy=True, precedence=0),
        decide(recorded, live, at_destroy=True, precedence=0),
        decide(current, old, at_destroy=True, precedence=1),
        decide(current, live, at_destroy=True, precedence=1),
    ]
    combined = stricter(stricter(sides[0], sides[3]), stricter(sides[1], sides[2]))

    assert combined.name_template == sides[2].name_template
    assert combined.receipts == current.receipts
    assert dict(combined.tags) == dict(recorded.final_snapshot.tags) | dict(current.final_snapshot.tags)


@some.thorough
@given(some.environments, some.facts, st.booleans())
def test_a_protected_environment_never_skips(
    environment: Environment, facts: Facts, at_destroy: bool
) -> None:
    """Whatever the facts, no rule means a final snapshot."""
    decision = decide(environment, facts, at_destroy=at_destroy)

    assert decision.protected == (environment.skip == ())
    if environment.protected:
        assert decision.outcome is Outcome.SNAPSHOT
        assert decision.request_refused == bool(facts.skip_requested)


@some.thorough
@given(some.environments, some.facts)
def test_nothing_is_undecided_at_destroy(environment: Environment, facts: Facts) -> None:
    """At destroy an unknown fact makes a rule not hold, so the outcome is never softer than at preview."""
    preview = decide(environment, facts)
    destroy = decide(environment, facts, at_destroy=True)

    assert destroy.outcome is not Outcome.UNDECIDED
    assert destroy.undecided == ()
    assert STRICTNESS.index(destroy.outcome) >= STRICTNESS.index(preview.outcome)
    assert bool(preview.undecided) == (preview.outcome is Outcome.UNDECIDED)


@some.thorough
@given(some.environments)
def test_json_round_trip_is_the_identity(environment: Environment) -> None:
    """What the state records gives the same environment back, as written and as Pulumi's state returns it."""
    document = to_json(environment)

    assert from_json(document) == environment
    assert from_json(json.loads(json.dumps(document))) == environment
    assert from_json(_numbers_as_floats(document)) == environment
    assert from_json(to_text(environment)) == environment
    assert digest(from_json(document)) == digest(environment)


@some.thorough
@given(some.environments, st.data())
def test_damaged_json_is_refused_or_says_the_same(environment: Environment, data: st.DataObject) -> None:
    """Whatever a document lost or gained, its rules are the recorded ones or are not read at all."""
    document = json.loads(json.dumps(to_json(environment)))
    holder, key = data.draw(st.sampled_from(_spots(document)))
    junk: st.SearchStrategy[Any] = st.sampled_from(
        [None, [], {}, "", "x", 0, -1, 1.5, True, False, [None], [[]], {"always": True}]
    )
    if data.draw(st.booleans()):
        holder[key] = data.draw(junk)
    else:
        del holder[key]
    try:
        damaged = from_json(document)
    except PolicyError:
        return

    assert digest(damaged) == digest(environment)
    assert damaged.protected == environment.protected


@some.thorough
@given(some.decisions, some.facts, moments)
def test_expanded_tags_are_accepted_by_aws(decision: Decision, facts: Facts, at: datetime) -> None:
    """Every tag of a decision reaches AWS in a form it accepts, with no placeholder left."""
    for key, value in expand_tags(decision.tags, facts, environment=decision.environment, at=at).items():
        assert AWS_TAG.fullmatch(key)
        assert AWS_TAG.fullmatch(value)


def _numbers_as_floats(value: object) -> object:
    if isinstance(value, dict):
        return {key: _numbers_as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers_as_floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _spots(value: Any) -> list[tuple[Any, Any]]:
    """Every place of a JSON document, as its container and key."""
    if isinstance(value, dict):
        keys: list[Any] = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    else:
        return []
    found: list[tuple[Any, Any]] = []
    for key in keys:
        found.append((value, key))
        found += _spots(value[key])
    return found

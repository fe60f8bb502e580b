"""Check: what AWS would refuse, and what destroying the cluster would do, both known in preview."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.arguments import ARGUMENTS, BY_NAME, READ_ONLY, Change
from redshift_teardown.aws.session import connect, resolve_region
from redshift_teardown.deletion_policy import PolicyError
from redshift_teardown.deletion_policy.facts import PULUMI_UNKNOWN
from redshift_teardown.engine.secret_values import SECRETS, hide, names_in, still_secret
from redshift_teardown.engine.urn import Urn
from redshift_teardown.errors import ConfigError, NoAnswerError, TeardownError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.context import reporter_for
from redshift_teardown.lifecycle.data.preview import foretell, foretell_account
from redshift_teardown.lifecycle.desired import DEFAULT_TAGS, INHERITED, SAID
from redshift_teardown.lifecycle.policy.resolve import (
    BYPASSES,
    read_policy,
    refuse_bypass,
    resolve,
    wants_account,
)
from redshift_teardown.lifecycle.state import CARRIED, GONE, STATE_VERSION, for_wire, plain
from redshift_teardown.lifecycle.validation import Failure, validate
from redshift_teardown.teardown.receipt import folder_problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redshift_teardown.deletion_policy import Policy
    from redshift_teardown.settings import Settings

RECORDED_BY_CHECK = ("policy", "on_destroy")
"""What this very check records. A program's own word for it is not looked at."""

ONLY_SEEN = (*READ_ONLY, "identity", *CARRIED, GONE, INHERITED, SAID)
"""What AWS shows, or an operation records. A policy pack believes it, so no program may say it."""

_NAMES_IN_CLEAR = ("cluster_identifier", "final_snapshot_identifier", "region")
_IN_CLEAR = (
    "is a secret, and stands in clear in the resource's id, in ARNs, in the names and tags of snapshots and "
    "in receipts: give it as what it is, pulumi.Output.unsecret(…)"
)
WHOLE_RESOURCE = ""
"""The engine says "resource … has a problem" where a failure names no property."""


def check(
    olds: Mapping[str, Any], news: Mapping[str, Any], settings: Settings
) -> tuple[dict[str, Any], list[Failure]]:
    """Validate new inputs and record in them what destroying the cluster would do.

    Args:
        olds: The old inputs; empty before the first ``up``.
        news: What the program gives; unknown values may be in it.
        settings: The stack's configuration.

    Returns:
        The inputs to go on with, and what is wrong with them.

    """
    inputs: dict[str, Any] = {
        **{name: for_wire(value) for name, value in news.items() if name not in RECORDED_BY_CHECK},
        "state_version": STATE_VERSION,
    }
    # The engine checks a replacement as it does a new resource, once it has checked it as a change.
    before = olds or this_run.checked_before(str(inputs.get("urn") or ""))
    secret = still_secret(before, news)
    for name in (SECRETS, DEFAULT_TAGS):
        inputs.pop(name, None)
    if secret:
        inputs[SECRETS] = secret
    defaults = _default_tags(news, settings)
    if defaults:
        inputs[DEFAULT_TAGS] = defaults
    told = names_in(news)
    failures = [_without_secret(failure, secret, news) for failure in _failures(olds, news, settings)]
    failures.extend(
        Failure(WHOLE_RESOURCE, f"{name} {_IN_CLEAR}") for name in _NAMES_IN_CLEAR if name in told
    )
    failures += _written_by_the_program(news)
    urn_text = inputs.get("urn")
    if not isinstance(urn_text, str) or urn_text == PULUMI_UNKNOWN:
        return inputs, failures
    urn = Urn.parse(urn_text)
    said_before = not olds and bool(before)
    this_run.note_program(urn_text, inputs, str(olds.get("urn") or ""))
    try:
        policy = read_policy(settings)
        account = _account(olds, policy, settings)
        region = resolve_region(settings, plain(news.get("region")))
        resolved = resolve(policy, settings, _plain_inputs(news), urn, account=account, region=region)
        refuse_bypass(resolved.match.environment, _bypass(news), urn.name)
        _require_folder(policy)
    except (PolicyError, TeardownError) as error:
        failures.append(Failure(WHOLE_RESOURCE, str(error)))
        return inputs, failures
    inputs.update(resolved.inputs())
    if not said_before:
        for text in resolved.warnings:
            reporter_for(urn_text, urn.name).warn(text)
    refused = ""
    if not failures and _calls_aws(olds, inputs):
        refused = foretell_account(settings, plain(news.get("region")), urn)
    if not refused and not olds and not failures and not this_run.has_one(urn_text):
        refused = foretell(settings, news, urn, resolved.match.environment)
    failures += [Failure(WHOLE_RESOURCE, refused)] if refused else []
    return inputs, failures


def _require_folder(policy: Policy) -> None:
    """Refuse receipts that could not be written; destroy goes on without them, and warns.

    Raises:
        ConfigError: the policy names a file for them, or a place inside one.

    """
    problem = folder_problem(Path(policy.receipts))
    if problem:
        raise ConfigError(f"{problem} ({policy.source})", next_step="name another folder inside the project")


def _calls_aws(olds: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Return whether an `up` would call AWS; one that changes policy or requests alone works without."""
    names = (*(each.name for each in ARGUMENTS if each.change is not Change.LOCAL), DEFAULT_TAGS)
    return any(olds.get(name) != inputs.get(name) for name in names)


def _written_by_the_program(news: Mapping[str, Any]) -> list[Failure]:
    """Refuse properties that are no program's to write; a transform can set them all the same."""
    failures = [
        Failure(
            WHOLE_RESOURCE,
            f"{name} is set, which is not for a program to say: AWS shows it, or a teardown records it. Take "
            "it out of the resource's properties; a transform may have set it",
        )
        for name in ONLY_SEEN
        if news.get(name) is not None
    ]
    if news.get("bypass") is not None and not set(_bypass(news)):
        failures.append(
            Failure(
                WHOLE_RESOURCE, f"bypass must be a list of {' and '.join(BYPASSES)}; leave it to the class"
            )
        )
    return failures


def _bypass(news: Mapping[str, Any]) -> list[str]:
    """Return the options that the class has seen; nothing of what is none."""
    written = news.get("bypass")
    return [option for option in BYPASSES if option in written] if isinstance(written, list) else []


def _failures(olds: Mapping[str, Any], news: Mapping[str, Any], settings: Settings) -> list[Failure]:
    return validate(news, creating=not olds, region=settings.region, default_tags=dict(settings.default_tags))


def _without_secret(failure: Failure, secret: Sequence[str], news: Mapping[str, Any]) -> Failure:
    """Name a secret argument in the reason alone: of a property it is told, the engine prints the value."""
    reason = hide(failure.reason, {**news, SECRETS: list(secret)})
    name = failure.property
    if not (BY_NAME[name].secret or any(each.partition(".")[0] == name for each in secret)):
        return Failure(name, reason)
    return Failure(WHOLE_RESOURCE, f"{name} {reason}")


def _default_tags(news: Mapping[str, Any], settings: Settings) -> dict[str, str]:
    """Return the stack's own tags that the cluster's do not override: as inputs, previews name them."""
    own = plain(news.get("tags"))
    return {key: tag for key, tag in settings.default_tags if not (isinstance(own, dict) and key in own)}


def _plain_inputs(news: Mapping[str, Any]) -> dict[str, object]:
    return {name: plain(value) for name, value in news.items()}


def _account(olds: Mapping[str, Any], policy: Policy, settings: Settings) -> str | None:
    """Return the account: the recorded one, the one config allows, else STS's, asked where it matters."""
    recorded = olds.get("policy")
    if isinstance(recorded, dict) and recorded.get("account"):
        return str(recorded["account"])
    if settings.only_account:
        return settings.only_account
    if not wants_account(policy):
        return None
    try:
        return connect(settings, resolve_region(settings)).account_id()
    except NoAnswerError:
        # Preview works without credentials; the decision is then shown as undecided, which the pack
        # takes for a violation where it would skip, and `create` decides again.
        return None

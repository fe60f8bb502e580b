"""Rules of who owns what, how old it is, what a replacement does and what protects, each broken on its own.

As in `broken`: what is broken is the product's, and a history goes red in words of what a user would lose.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from redshift_teardown.lifecycle import create, origin, this_run
from redshift_teardown.lifecycle.data import replacement, restore
from redshift_teardown.lifecycle.ownership import (
    adopt,
    claims,
    create_record,
    existing_clusters,
    halves,
)
from redshift_teardown.lifecycle.policy import protection
from redshift_teardown.lifecycle.state import State
from redshift_teardown.teardown import claim, present
from tests.histories.broken import (
    STRANGER,
    Broken,
    _always,
    _everywhere,
    _method,
    _never,
    _nothing,
    _wild,
)
from tests.histories.themes import (
    ADOPT,
    ADOPTION_DIES,
    BY_HAND,
    CUT,
    CUT_BETWEEN,
    DAYS,
    DAYS_PASS,
    DESTROY,
    MINUTES,
    NOT_SENT,
    PLAIN,
    REFRESH,
    RENAMED,
    REPLACE,
    RESIZE,
    RESTORE,
    RESTORE_DIES,
    REVERTED,
    SEED_ARN,
    SEEDED,
    SKIP,
    SWITCH,
    TO_RESTORE,
    UNALIASED,
    UP,
    VANISH,
    WRITE,
    YOUNG,
    act,
)

if TYPE_CHECKING:
    import pytest

    from tests.histories.broken import Rule

TAKEN_OVER = "which another stack took over"
DUE = "without the final snapshot that is due"
SECOND = "for a resource whose life"
UNFINISHED = "which a replacement that did not end was to restore"
IN_PROTECTED = "which was replaced in a protected environment"
MOVED = act("program", database_name="sales")
BY_ARN = act("program", snapshot_identifier=None, snapshot_arn=SEED_ARN)
RESIZED_ANEW = (act("habits", keeps_create_time=False), DAYS_PASS, RESIZE, MINUTES)


def _ends_at_once(patch: pytest.MonkeyPatch) -> None:
    """A claim is taken for one of an adoption that ended as soon as it is written."""
    read = claim.Claim.of_tags

    def reading(_: type[claim.Claim], tags: Any) -> claim.Claim | None:
        found = read(tags)
        return None if found is None else replace(found, taking_over=False)

    patch.setattr(claim.Claim, "of_tags", classmethod(reading))


def _as_if_claimed(*which: Any, **how: Any) -> claim.Claim:
    """Every place counts as one that a protected environment of the policy file claims."""
    return claims.claimed_by_adoption(*which, **{**how, "by_file": True})


def _forget_age(patch: pytest.MonkeyPatch) -> None:
    """The create time that AWS shows counts as the age of the data."""
    read = State.read

    def reading(outputs: Any) -> State:
        found = read(outputs)
        return replace(found, data_since=found.identity.cluster_create_time)

    patch.setattr(State, "read", reading)


def _unasked(rule: Rule) -> Rule:
    """A replacement is judged by nobody: create does not refuse either what was deleted in the same run."""

    def put(patch: pytest.MonkeyPatch) -> None:
        rule(patch)
        patch.setattr(create, "tell_what_was_deleted", _nothing)

    return put


BROKEN_OWNERS: dict[str, Broken] = {
    # K3: whose a cluster is
    "a claim of another's is not looked at": Broken(
        _method(present, "claim_step", _nothing), _wild(DAYS, UP, SWITCH, UP, SWITCH, DESTROY), TAKEN_OVER
    ),
    "what took a cluster over is not written on it": Broken(
        _everywhere(claim.superseding, lambda made, _: made),
        _wild(DAYS, UP, SWITCH, UP, SWITCH, DESTROY),
        "was taken over, and destroy refuses",
    ),
    "a refused create protects nothing": Broken(
        _everywhere(this_run.keep_out, _nothing),
        _wild(SKIP, UP, UNALIASED, act("up", continue_on_error=True)),
        "which a create of this run found",
    ),
    "what is protected is adopted by whoever is configured so": Broken(
        _method(adopt, "claimed_by_adoption", _as_if_claimed),
        _wild(DAYS, UP, SWITCH, act("rename_stack", to="scratch"), UP),
        "which is protected, and no environment claims it",
    ),
    "an adoption counts as ended when it begins": Broken(
        _ends_at_once, _wild(DAYS, UP, SWITCH, ADOPTION_DIES, SWITCH, DESTROY), "ended well, and life"
    ),
    "a restore that AWS did not answer is gone on with": Broken(
        _everywhere(create_record.made_it, _always),
        _wild(DAYS, UP, DESTROY, RESTORE, NOT_SENT, BY_HAND, MINUTES, UP),
        STRANGER,
    ),
    "any restore under the name is the answered one": Broken(
        _everywhere(create_record.made_it, _always),
        _wild(DAYS, UP, DESTROY, RESTORE, RESTORE_DIES, VANISH, BY_HAND, MINUTES, UP),
        STRANGER,
    ),
    # K6: how old its data is
    "the create time of the cluster is the age of its data": Broken(
        _forget_age, _wild(YOUNG, UP, *RESIZED_ANEW, REFRESH, DESTROY), DUE
    ),
    "a restored cluster is newborn": Broken(
        _method(restore, "OWN", restore.FOREIGN),
        _wild(YOUNG, UP, DAYS_PASS, DESTROY, RESTORE, UP, DESTROY),
        DUE,
    ),
    # K7: what a replacement does
    "a replacement is not judged": Broken(
        _unasked(_everywhere(replacement.review, _nothing)), _wild(DAYS, UP, MOVED, UP), IN_PROTECTED
    ),
    "one that is asked for is not judged": Broken(
        _unasked(_method(this_run, "was_reviewed", _always)),
        _wild(DAYS, UP, act("program", delete_first=True), REPLACE),
        IN_PROTECTED,
    ),
    "the same snapshot in other words is another": Broken(
        _method(origin.Named, "is_the_same", _never),
        _wild(SKIP, UP, DESTROY, act("seed"), SEEDED, UP, BY_ARN, UP),
        "was replaced, and nothing had changed",
    ),
    "a living cluster of the resource is not looked for": Broken(
        _everywhere(existing_clusters.require_no_living_one, _nothing),
        _wild(DAYS, UP, RENAMED, REPLACE),
        SECOND,
    ),
    "one that carries its snapshot's tags is taken for a copy": Broken(
        _method(
            existing_clusters, "_is_a_copy", lambda _, view: "redshift-teardown:generation" in dict(view.tags)
        ),
        _wild(DAYS, UP, DESTROY, BY_HAND, MINUTES, ADOPT, UP, PLAIN, RENAMED, REPLACE),
        SECOND,
    ),
    "what is left by a replacement is not asked about": Broken(
        _everywhere(halves.is_half, _never),
        _wild(DAYS, UP, TO_RESTORE, CUT_BETWEEN, REVERTED, UP),
        UNFINISHED,
    ),
    "a half under another stack's name is another's": Broken(
        _everywhere(halves.is_half, _never),
        _wild(DAYS, UP, TO_RESTORE, CUT_BETWEEN, REVERTED, act("rename_stack", to="live-2"), UP),
        UNFINISHED,
    ),
    "a cluster that is gone is replaced without a word": Broken(
        _unasked(_everywhere(replacement.review, _nothing)),
        _wild(DAYS, UP, TO_RESTORE, CUT, REVERTED, MINUTES, REFRESH, UP),
        UNFINISHED,
    ),
    "and rolled back": Broken(
        _everywhere(replacement.review, _nothing),
        _wild(
            DAYS,
            UP,
            *(DESTROY, act("seed"), SEEDED, UP, WRITE, act("program", snapshot_identifier=None)),
            *(TO_RESTORE, CUT, REVERTED, SEEDED, MINUTES, REFRESH, UP),
        ),
        UNFINISHED,
    ),
    # K8: what protects it
    "a stack that is renamed loses its protection": Broken(
        _everywhere(protection.require_kept, lambda *_: {}),
        _wild(
            DAYS,
            UP,
            act("rename_stack", to="scratch"),
            UP,
            act("environment", name="play"),
            UP,
            DESTROY,
        ),
        DUE,
    ),
}

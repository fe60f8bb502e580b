"""Protection sticks to a cluster: a place that a protected environment claimed is lost by no rename or move.

What is recorded is the place (stack, project, account) and the environment that claimed it, as the policy
file listed it. It stays until a protected environment claims the new place, or the policy file releases the
recorded one by name. A stack that nobody claimed is protected by default, and may be configured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.deletion_policy import PolicyError, match
from redshift_teardown.engine.urn import Urn
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.policy.resolve import read_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.deletion_policy import Policy
    from redshift_teardown.lifecycle.state import State
    from redshift_teardown.settings import Settings

_CLAIMS = frozenset({"account", "stack", "pattern"})
"""How an environment claims a place; to be configured, or matched by nothing, is no claim."""
_PLACE = ("project", "stack", "resource", "account", "environment")


def claimed(policy: object, urn: Urn, account: str) -> dict[str, str]:
    """Return what is recorded of a place that a protected environment claims; empty where none does.

    Args:
        policy: ``policy`` of inputs or outputs.
        urn: The resource's.
        account: The AWS account; empty where it is not known.

    """
    if not isinstance(policy, dict) or policy.get("protected") is not True:
        return {}
    if policy.get("matched_by") not in _CLAIMS:
        return {}
    environment = str(policy.get("environment") or "")
    return _place(urn, account or str(policy.get("account") or ""), environment)


def protected_place(policy: object, urn: Urn, account: str) -> dict[str, dict[str, str]]:
    """Return the output ``protection`` of a cluster that is new to a state; see `claimed`."""
    place = claimed(policy, urn, account)
    return {"protection": place} if place else {}


def require_kept(
    olds: Mapping[str, Any], state: State, news: Mapping[str, Any], settings: Settings
) -> dict[str, dict[str, str]]:
    """Refuse what would end a cluster's protection without a word of the policy file.

    Args:
        olds: The stored outputs.
        state: What they say.
        news: The checked inputs, the policy resolved in them.
        settings: The stack's configuration.

    Returns:
        The output ``protection``: the place that sticks from now on; nothing where there is none.

    Raises:
        RefusedError: the new place is not protected, and the recorded one was neither given up by the policy
            file nor released.

    """
    urn = Urn.parse(str(news.get("urn") or state.urn))
    account = state.identity.account_id
    policy = news.get("policy")
    now = claimed(policy, urn, account)
    if now:
        return {"protection": now}
    if not isinstance(policy, dict) or policy.get("protected") is True:
        held = _held(olds, state, None)
        return {"protection": held} if held else {}
    file = _policy_file(settings)
    held = _held(olds, state, file)
    moved = (urn.stack, urn.project) != (state.urn.stack, state.urn.project)
    if not held and moved and _was_protected(state):
        held = _place(state.urn, account, "")
    if not held or _is_given_up(file, held, urn):
        return {}
    raise _ends(held, urn, policy)


def _ends(held: Mapping[str, str], urn: Urn, policy: Mapping[str, Any]) -> RefusedError:
    """Return the refusal of what would end the protection of a place without a word of the policy file."""
    environment = policy.get("environment") or "the defaults"
    by = held["environment"] or "the defaults of the deletion policy"
    return RefusedError(
        f"{held['resource']} is protected by {by}, as stack {held['stack']} of project {held['project']}, "
        f"and here (stack {urn.stack} of {urn.project}) {environment} may skip its final snapshot. A stack "
        "that is renamed or configured, or a resource that is moved, does not lose its protection by that",
        data="nothing was touched",
        next_step=f"claim {urn.stack} for a protected environment; or give it back its old place (`pulumi "
        f"stack rename {held['stack']}`); or, where its data may go, release it in the policy file, which is "
        f"reviewed: `released: [{{project: {held['project']}, stack: {held['stack']}, resource: "
        f'{held["resource"]}, because: "…"}}]`',
    )


def _held(olds: Mapping[str, Any], state: State, file: Policy | None) -> dict[str, str]:
    """Return the place that sticks: recorded as such, or claimed at the last ``up``, or by the file now."""
    recorded = olds.get("protection")
    if isinstance(recorded, dict) and recorded:
        return {key: str(recorded.get(key) or "") for key in _PLACE}
    account = state.identity.account_id
    by_record = claimed(state.policy, state.urn, account)
    if by_record or file is None:
        return by_record
    found = match(file, stack=state.urn.stack, account=account or None)
    if found.how in _CLAIMS and found.environment.protected:
        return _place(state.urn, account, found.environment.name)
    return {}


def _was_protected(state: State) -> bool:
    return state.policy.get("protected") is True


def _is_given_up(file: Policy | None, held: Mapping[str, str], urn: Urn) -> bool:
    """Return whether the policy file says that a place is no longer protected.

    It does where it releases the place, or where it lists that very place, in which the cluster still is,
    for an environment that may skip.
    """
    if file is None:
        return False
    if any(
        (each.project, each.stack, each.resource) == (held["project"], held["stack"], held["resource"])
        for each in file.released
    ):
        return True
    if (urn.stack, urn.project) != (held["stack"], held["project"]):
        return False
    found = match(file, stack=held["stack"], account=held["account"] or None)
    return found.how in _CLAIMS and not found.environment.protected


def _place(urn: Urn, account: str, environment: str) -> dict[str, str]:
    return dict(zip(_PLACE, (urn.project, urn.stack, urn.name, account, environment), strict=True))


def _policy_file(settings: Settings) -> Policy | None:
    try:
        return read_policy(settings)
    except PolicyError:
        # What cannot be read releases nobody; check has told what is wrong with it.
        return None

"""What an `up` would come to, told in preview as far as AWS answers there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown import process
from redshift_teardown.errors import AccountError, RefusedError, TeardownError
from redshift_teardown.lifecycle.data.in_place import require_nothing_left
from redshift_teardown.lifecycle.data.named_snapshot import LOOKED_UP, named_parameters
from redshift_teardown.lifecycle.data.restore import foretell_restore, require_word
from redshift_teardown.lifecycle.operation import open_session
from redshift_teardown.lifecycle.origin import NAMES
from redshift_teardown.lifecycle.ownership.final_snapshots import find_final_snapshots
from redshift_teardown.lifecycle.state import UNKNOWN, arguments_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.deletion_policy import Environment
    from redshift_teardown.engine.urn import Urn
    from redshift_teardown.settings import Settings


def foretell_account(settings: Settings, region: object, urn: Urn) -> str:
    """Return why an `up` that calls AWS would refuse these credentials, as far as STS answers.

    Args:
        settings: The stack's configuration.
        region: The cluster's own ``region``, where it has one.
        urn: The resource.

    """
    if (
        not (settings.allowed_account_ids or settings.forbidden_account_ids)
        or settings in process.without_answer
    ):
        return ""
    try:
        open_session(settings, region, urn)
    except AccountError as refusal:
        return str(refusal)
    except TeardownError:
        # As below: no answer is no refusal here.
        process.without_answer.add(settings)
    return ""


def foretell(settings: Settings, news: Mapping[str, Any], urn: Urn, rules: Environment) -> str:
    """Return why a create would be refused, as far as AWS answers; and warn of what it begins without.

    Args:
        settings: The stack's configuration.
        news: The inputs; unknown values may be in them.
        urn: The resource.
        rules: The rules of its environment.

    """
    arguments = arguments_of(news)
    looked_at = ("cluster_identifier", "region", "restore_final_snapshot", *NAMES)
    restores = arguments.get("restore_final_snapshot")
    if (
        restores is False
        or any(arguments[name] is UNKNOWN for name in looked_at)
        or settings in process.without_answer
    ):
        return ""
    try:
        session = open_session(settings, arguments.get("region"), urn)
        existing = session.calls.describe(str(arguments["cluster_identifier"]))
        if existing is not None:
            if arguments.get("adopt_existing"):
                require_nothing_left(session, arguments, urn, rules, existing)
            return ""
        if restores:
            foretell_restore(session, arguments, urn, rules)
            return ""
        # One that is named and not there may be made by this very `up`: create tells.
        parameters = named_parameters(arguments, LOOKED_UP)
        named = session.calls.describe_snapshot(**parameters) if parameters else None
        if named is not None or not parameters:
            require_word(session, arguments, urn, find_final_snapshots(session, arguments, urn, rules), named)
    except RefusedError as refusal:
        return str(refusal)
    except TeardownError:
        # A preview works without credentials, and without asking for them again; `up` asks in any case.
        process.without_answer.add(settings)
    return ""

"""The rules of the product, each broken on its own, with a history that must then go red, and in what words.

What is broken is the product's, never the histories': they have to notice what a user would lose.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import redshift_teardown
from redshift_teardown.aws import provisioned
from redshift_teardown.aws.identity import Identity
from redshift_teardown.aws.views import SnapshotView
from redshift_teardown.deletion_policy import Outcome, stricter
from redshift_teardown.engine import cancel, interrupt, progress
from redshift_teardown.lifecycle import create, operation, read, this_run
from redshift_teardown.lifecycle import delete as delete_module
from redshift_teardown.lifecycle.data.replaced import Judged
from redshift_teardown.lifecycle.ownership import adopt, generation
from redshift_teardown.lifecycle.policy.at_destroy import BothPolicies
from redshift_teardown.reports import forecast, observed
from redshift_teardown.teardown import absent, earlier, memory, observe, present, proof, receipt
from redshift_teardown.teardown.model import Delete, Memory, Wait
from redshift_teardown.teardown.plan import Plan
from tests.histories.history import History
from tests.histories.minimal import GIVE_UP, MINIMAL
from tests.histories.themes import (
    ADOPT,
    AGAIN,
    CTRL_C,
    DAYS,
    DESTROY,
    DIE,
    DIE_WHEN_DELETED,
    MINUTES,
    REFRESH,
    RENAMED,
    RESIZE,
    RESIZED,
    RESTORE,
    SKIP,
    STATIC,
    TIGHTEN,
    UNALIASED,
    UP,
    VANISH,
    WRITE,
    act,
    at,
)
from tests.histories.world import OTHER_REGION
from tests.teardown.stage import OTHER_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.histories.rules import Action

    Rule = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Broken:
    """A rule that does not hold any more.

    Attributes:
        rule: How it is broken.
        history: What then goes wrong.
        promise: Words of the promise that it breaks.

    """

    rule: Rule
    history: History
    promise: str


def _everywhere(function: Any, instead: Any) -> Rule:
    """Put another function in the place of one, in every module that imports it."""

    def put(patch: pytest.MonkeyPatch) -> None:
        for info in pkgutil.walk_packages(redshift_teardown.__path__, "redshift_teardown."):
            if info.name.endswith("__main__"):
                continue
            module = importlib.import_module(info.name)
            for name, value in list(vars(module).items()):
                if value is function:
                    patch.setattr(module, name, instead)

    return put


def _method(owner: Any, name: str, instead: Any) -> Rule:
    """Put another attribute in the place of one."""
    return lambda patch: patch.setattr(owner, name, instead)


def _never(*_: Any, **__: Any) -> bool:
    return False


def _always(*_: Any, **__: Any) -> bool:
    return True


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _mistake(*_: Any) -> None:
    message = "a mistake in the code"
    raise ZeroDivisionError(message)


def _wild(policy: str, *actions: Action) -> History:
    return History("wild", policy, list(actions))


def _kills(policy: str, *actions: Action) -> History:
    return History("kills", policy, list(actions))


ORPHANED = "by the provider of an engine that is gone"
ANOTHERS = "which no deletion of a cluster of ours made"
LOST = "ended well, and no final snapshot holds the data of"
REFUSED = "destroy refuses"
STRANGER = "which this very command was shown under that name"
ELSEWHERE = act("rename", to="elsewhere")
LATER = act("edit", policy="kept for 35 days")


def _open_in_recorded_region(recorded: Any, settings: Any, intent: str, **_: Any) -> Any:
    del intent
    state = recorded.state
    return operation.Operation(recorded, operation.open_session(settings, state.identity.region, state.urn))


def _loosen(patch: pytest.MonkeyPatch) -> None:
    _everywhere(stricter, lambda left, right: left if left.outcome is Outcome.SKIP else right)(patch)


def _whoever_owns_it(patch: pytest.MonkeyPatch) -> None:
    """Ask neither what this process knows of owners and programs, nor the claim on the cluster."""
    patch.setattr(delete_module, "judge", lambda *_: Judged())
    patch.setattr(present, "claim_step", _nothing)


def _leave_open(self: Any, identifier: str, *_: Any) -> Any:
    return self._write(
        "DeleteCluster", lambda: self._aws.redshift_once.delete_cluster(ClusterIdentifier=identifier)
    )


def _adopt_any(self: Any, cluster: Any) -> Any:
    return adopt.adopt(self._session, self._inputs, self._arguments, cluster, self._urn)


def _finish_at_refresh(id_: str, props: Any, opened: Any, *_: Any) -> Any:
    delete_module.delete(props, opened.session.settings)
    return id_, dict(props), None


BROKEN: dict[str, Broken] = {
    # whoever was interrupted begins nothing more
    "an engine that is gone is not noticed, at create": Broken(
        _method(progress, "engine_gone", _never), MINIMAL["an orphan creates nothing"], ORPHANED
    ),
    "an engine that is gone is not noticed, at delete": Broken(
        _method(progress, "engine_gone", _never), MINIMAL["an orphan deletes nothing"], ORPHANED
    ),
    "an engine that is gone is not noticed, at a tag": Broken(
        _method(progress, "engine_gone", _never), MINIMAL["an orphan tags nothing"], ORPHANED
    ),
    "an engine that is gone is asked for at waits only": Broken(
        _method(interrupt, "require_engine", _nothing), MINIMAL["an orphan creates nothing"], ORPHANED
    ),
    "ctrl-c is not noticed, at delete": Broken(
        _method(cancel, "cancelled", _never), MINIMAL["ctrl-c begins nothing"], "DeleteCluster after Ctrl-C"
    ),
    "ctrl-c is not noticed, at create": Broken(
        _method(cancel, "cancelled", _never),
        _wild(DAYS, act("up", **at("after", 1, CTRL_C, of="DescribeClusters"))),
        "CreateCluster after Ctrl-C",
    ),
    "ctrl-c is not noticed, at a change": Broken(
        _method(interrupt, "require_wanted", interrupt.require_engine),
        _wild(DAYS, UP, RESIZED, act("up", **at("after", 4, CTRL_C, of="DescribeClusters"))),
        "ModifyCluster after Ctrl-C",
    ),
    # the generation that was meant
    "what create works on is not checked": Broken(
        _method(generation.ExpectedGeneration, "require", _nothing),
        MINIMAL["another's cluster under the name is not tagged"],
        STRANGER,
    ),
    "what update works on is not checked": Broken(
        _method(generation.ExpectedGeneration, "require", _nothing),
        _wild(
            DAYS, UP, RENAMED, RESIZE, act("up", **at("wait", 1, VANISH, act("begin_again", name="depot")))
        ),
        STRANGER,
    ),
    "any cluster under the name is the recorded one, at delete": Broken(
        _method(Identity, "is_generation_of", _always),
        _wild(DAYS, UP, AGAIN, DESTROY),
        "DeleteCluster on life 2",
    ),
    "any cluster under the name is the recorded one, at refresh": Broken(
        _method(Identity, "is_generation_of", _always),
        _wild(DAYS, UP, AGAIN, REFRESH),
        "read recorded life 2",
    ),
    "any cluster under the name is one that create began": Broken(
        _method(create._Create, "began_earlier", _always), _wild(DAYS, AGAIN, UP), STRANGER
    ),
    "any cluster under the name is adopted": Broken(
        _method(create._Create, "take_over", _adopt_any), _wild(DAYS, AGAIN, UP), "CreateTags on life 1"
    ),
    "a renamed cluster is not looked for": Broken(
        _method(observe, "_by_namespace", _nothing), _wild(SKIP, UP, ELSEWHERE, MINUTES, DESTROY), "lives"
    ),
    "another place is worked in": Broken(
        _everywhere(operation._require_same_place, _nothing),
        _wild(SKIP, UP, act("credentials", account=OTHER_ACCOUNT), DESTROY),
        "ended well in another account or region",
    ),
    "a cluster that another resource of the run owns is deleted": Broken(
        _whoever_owns_it,
        _wild(DAYS, UP, UNALIASED, ADOPT, UP),
        "owns by now",
    ),
    # what counts as proof
    "a void snapshot counts": Broken(
        _everywhere(proof.is_void, _never), MINIMAL["a deletion that was seen given up is no proof"], LOST
    ),
    "a snapshot of an earlier life counts": Broken(
        _everywhere(proof.of_generation, _always),
        _wild(
            DAYS,
            UP,
            DESTROY,
            RESTORE,
            act("up", **at("after", 1, act("keep_namespace"), of="RestoreFromClusterSnapshot")),
            VANISH,
            DESTROY,
        ),
        LOST,
    ),
    "a name without a time counts": Broken(
        _everywhere(proof.is_ours, lambda snapshot, *_: snapshot.identifier == "warehouse-last"),
        MINIMAL["a snapshot by hand under a name without a time is no proof"],
        ANOTHERS,
    ),
    "a requested name counts": Broken(
        _everywhere(proof.is_ours, lambda snapshot, *_: snapshot.identifier == "the-last"),
        MINIMAL["a snapshot by hand under the requested name is no proof"],
        ANOTHERS,
    ),
    "any snapshot counts": Broken(
        _everywhere(proof.is_ours, _always),
        _wild(DAYS, UP, act("snapshot_by_hand", snapshot="by-hand"), MINUTES, VANISH, DESTROY),
        ANOTHERS,
    ),
    "a snapshot that failed counts": Broken(
        lambda patch: patch.setattr(SnapshotView, "available", property(_always)),
        _wild(DAYS, UP, act("fail_the_snapshot", outcome="cluster-gone"), DESTROY),
        LOST,
    ),
    "a skip that was never accepted excuses": Broken(
        _method(earlier, "_outcome", lambda document, _: str(document.get("outcome", ""))),
        _wild(SKIP, UP, act("destroy", **at("before", 1, DIE, of="DeleteCluster")), TIGHTEN, VANISH, DESTROY),
        LOST,
    ),
    "a skip that the cluster outlived excuses": Broken(
        _method(memory, "_is_outlived", _never),
        _wild(
            SKIP,
            UP,
            act("destroy", **at("wait", 1, GIVE_UP, DIE)),
            TIGHTEN,
            MINUTES,
            RESIZE,
            act("destroy", **at("wait", 2, DIE)),
            VANISH,
            DESTROY,
        ),
        LOST,
    ),
    "an up that has nothing to do never looks": Broken(
        _everywhere(memory.is_end_unseen, _never),
        MINIMAL["an up that has nothing to do sees that AWS gave a deletion up"],
        "did not look at a cluster whose destroy was left open",
    ),
    "a snapshot whose cluster came back is not tagged void": Broken(
        _method(present, "voiding", _nothing),
        _wild(
            DAYS,
            UP,
            act("destroy", **at("wait", 4, GIVE_UP)),
            act("receipts", how="lost"),
            WRITE,
            VANISH,
            DESTROY,
        ),
        LOST,
    ),
    "a refresh does not record what is void": Broken(
        _method(operation.Operation, "void_beside", lambda *_: ([], ())),
        _wild(
            DAYS, UP, act("destroy", **at("wait", 3, GIVE_UP, DIE)), WRITE, MINUTES, REFRESH, VANISH, DESTROY
        ),
        LOST,
    ),
    # what was decided, and what is due
    "the laxer of two policies decides": Broken(
        _loosen, _wild(DAYS, UP, act("edit", policy=SKIP), DESTROY), "is claimed by a protected environment"
    ),
    "the file as it is now is not asked": Broken(
        _loosen, _wild(SKIP, UP, TIGHTEN, DESTROY), "without the final snapshot that is due"
    ),
    "what is tightened while a destroy waits is not asked": Broken(
        _method(BothPolicies, "as_of_now", lambda policies: policies),
        MINIMAL["a policy that is tightened while a destroy waits holds"],
        "without the final snapshot that is due",
    ),
    "what becomes of the data is left open": Broken(
        _method(provisioned.RedshiftCalls, "delete", _leave_open),
        _wild(SKIP, UP, DESTROY),
        "leaves open what becomes of the data",
    ),
    "a final snapshot is kept too short": Broken(
        _method(present, "_delete", lambda plan, *_: Delete(plan.name, 1)),
        _wild(DAYS, UP, DESTROY),
        "a final snapshot kept 1 days where 7 are due",
    ),
    "the retention of a snapshot that is there is not looked at": Broken(
        _method(Plan, "keeps_long_enough", _always),
        _wild(DAYS, UP, DIE_WHEN_DELETED, LATER, DESTROY),
        "is kept for 7 days, not 35",
    ),
    "the tags of a snapshot are not looked at": Broken(
        _method(Plan, "missing_tags", lambda *_: ()),
        _wild(DAYS, UP, DESTROY),
        "does not say whose it is",
    ),
    "the decision is not written down": Broken(
        _method(receipt.ReceiptFile, "write", _nothing),
        _wild(STATIC, UP, DIE_WHEN_DELETED, MINUTES, DESTROY),
        REFUSED,
    ),
    # refresh is no way out, and changes nothing
    "a refresh drops what is gone": Broken(
        _method(read, "_without_cluster", lambda *_: ("", {}, None)),
        MINIMAL["a refresh drops nothing unproven"],
        LOST,
    ),
    "a refresh finishes a destroy": Broken(
        _method(read, "_without_cluster", _finish_at_refresh),
        _wild(DAYS, UP, DIE_WHEN_DELETED, MINUTES, REFRESH),
        "CreateTags by Read",
    ),
    # plan and destroy agree
    "plan opens in the recorded region": Broken(
        _method(observed, "open_recorded", _open_in_recorded_region),
        _wild(DAYS, UP, act("credentials", region=OTHER_REGION), UP, DESTROY),
        "plan said",
    ),
    "plan forgets the receipts": Broken(
        _method(forecast, "memory_of", lambda _, started: Memory(started)),
        _wild(STATIC, UP, DIE_WHEN_DELETED, MINUTES, DESTROY),
        "and destroy ended well",
    ),
    # where nothing goes wrong, nothing is refused; and a refusal is true
    "no proof is found": Broken(
        _everywhere(proof.newest_proof, _nothing),
        History("honest", DAYS, [UP, DESTROY]),
        "refused in a history without a fault",
    ),
    "no proof is found after a kill": Broken(
        _everywhere(proof.newest_proof, _nothing),
        _wild(DAYS, UP, DIE_WHEN_DELETED, MINUTES, DESTROY),
        REFUSED,
    ),
    "a snapshot of this very generation is not known for that": Broken(
        _everywhere(proof.of_generation, _never),
        _wild(DAYS, UP, DIE_WHEN_DELETED, MINUTES, DESTROY),
        "the proof is there",
    ),
    "receipts are not read": Broken(
        _everywhere(earlier.read_earlier, lambda *_, **__: earlier.Earlier()),
        _kills(STATIC, UP, DIE_WHEN_DELETED),
        "refused in a history of kills alone",
    ),
    "a deletion is put off forever": Broken(
        _method(present, "_delete", lambda *_: Wait("later")),
        _wild(DAYS, UP, DESTROY),
        "destroy never ends",
    ),
    "a snapshot that was seen is not waited for": Broken(
        _method(absent, "_is_expected", _never),
        MINIMAL["what a destroy saw of a snapshot is waited for"],
        "plan said",
    ),
    "a cluster that is gone is said to be there": Broken(
        _method(absent, "_loss", lambda *_: "the cluster is still there"),
        _wild(DAYS, UP, VANISH, DESTROY),
        "is gone, and yet",
    ),
    "a mistake is shown as a traceback": Broken(
        _method(this_run, "require_not_anothers", _mistake),
        _wild(DAYS, UP, DESTROY),
        "a traceback",
    ),
}

"""Skeletons of histories round what is dangerous: each is varied, added to and thinned out at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.histories.rules import CLUSTER
from tests.histories.world import OTHER_REGION

if TYPE_CHECKING:
    from tests.histories.rules import Action

DAYS, STATIC, SKIP = "kept for 7 days", "kept forever under one name", "skipped"


def act(name: str, /, **arguments: Any) -> Action:
    """Return one action."""
    return name, arguments


def at(moment: str, number: int, *actions: Action, of: str = "") -> dict[str, Any]:
    """Return what makes actions happen during a command: before or after a call, or at a wait."""
    return {"meanwhile": [(moment, number, of, list(actions))]}


UP, DESTROY, REFRESH, WRITE, VANISH = (act(name) for name in ("up", "destroy", "refresh", "write", "vanish"))
RESIZE, RESTORE, PLAN, AGAIN = (act(name) for name in ("resize", "restore", "plan", "begin_again"))
DIE, ORPHAN, CTRL_C = (act(name) for name in ("kill_all", "kill_engine", "ctrl_c"))
TIGHTEN = act("edit", policy=DAYS)
MINUTES = act("pass_time", seconds=600)
DIE_WHEN_DELETED = act("destroy", **at("after", 1, DIE, of="DeleteCluster"))
RENAMED = act("program", cluster_identifier="depot")
NAMED_AS_BEFORE = act("program", cluster_identifier=CLUSTER)
KILLED_RENAME = act("up", **at("after", 1, DIE, of="ModifyCluster"))
RESIZED = act("program", number_of_nodes=4.0)

THEMES: list[tuple[str, list[Action]]] = [
    # whoever was interrupted begins nothing more
    (SKIP, [RESIZE, act("destroy", **at("wait", 1, ORPHAN, TIGHTEN, UP))]),
    (SKIP, [RESIZE, act("destroy", **at("wait", 1, ORPHAN, TIGHTEN, UP, VANISH, AGAIN))]),
    (DAYS, [RESIZED, act("up", **at("wait", 1, ORPHAN, UP))]),
    (DAYS, [DESTROY, act("up", **at("wait", 1, ORPHAN, UP, DESTROY))]),
    (DAYS, [act("pause"), MINUTES, act("destroy", **at("after", 2, CTRL_C, of="DescribeClusters"))]),
    (DAYS, [DESTROY, act("up", **at("after", 1, CTRL_C, of="CreateCluster")), UP]),
    (DAYS, [act("destroy", **at("after", 1, CTRL_C, of="DeleteCluster")), DESTROY]),
    (DAYS, [RENAMED, RESIZED, act("up", **at("wait", 1, CTRL_C)), UP]),
    # what was interrupted and is taken back
    (DAYS, [RENAMED, KILLED_RENAME, MINUTES, NAMED_AS_BEFORE, act("up", refresh=True), DESTROY]),
    (DAYS, [act("rename", to="elsewhere"), MINUTES, act("up", refresh=True), DESTROY]),
    # the generation that was meant
    (DAYS, [RENAMED, RESIZE, act("up", **at("wait", 1, VANISH, act("begin_again", name="depot"))), DESTROY]),
    (DAYS, [RESIZED, act("up", **at("wait", 1, AGAIN)), DESTROY]),
    (DAYS, [DESTROY, act("up", **at("wait", 1, AGAIN)), DESTROY]),
    (
        DAYS,
        [
            act("program", tags={"team": "data"}),
            act("up", **at("after", 2, act("rename", to="elsewhere"), AGAIN, of="DescribeClusters")),
            DESTROY,
        ],
    ),
    # what counts as proof
    (
        SKIP,
        [
            act("destroy", faults=[("DeleteCluster", "500", 1, 1), ("*", "expired token", 9, 7)]),
            *(TIGHTEN, UP, VANISH, DESTROY),
        ],
    ),
    (SKIP, [act("destroy", **at("before", 1, DIE, of="DeleteCluster")), TIGHTEN, UP, VANISH, DESTROY]),
    (SKIP, [act("destroy", **at("wait", 1, act("give_up"), DIE)), TIGHTEN, UP, VANISH, DESTROY]),
    (
        DAYS,
        [
            act("fail_the_snapshot", outcome="cluster-returns-after-snapshot"),
            *(DIE_WHEN_DELETED, MINUTES, WRITE, VANISH, DESTROY),
        ],
    ),
    (DAYS, [act("destroy", **at("wait", 3, act("give_up"), DIE)), WRITE, REFRESH, VANISH, DESTROY]),
    (DAYS, [act("destroy", **at("wait", 3, act("give_up"), DIE)), MINUTES, UP, WRITE, VANISH, DESTROY]),
    (DAYS, [act("destroy", **at("wait", 4, act("give_up"))), WRITE, VANISH, DESTROY]),
    (DAYS, [act("snapshot_by_hand", snapshot="fits"), MINUTES, VANISH, DESTROY]),
    (STATIC, [act("snapshot_by_hand", snapshot="static"), MINUTES, VANISH, DESTROY]),
    (
        DAYS,
        [
            act("program", final_snapshot_identifier="the-last"),
            *(UP, act("snapshot_by_hand", snapshot="requested"), MINUTES, VANISH, DESTROY),
        ],
    ),
    (
        DAYS,
        [
            *(DESTROY, RESTORE),
            act("up", **at("after", 1, act("keep_namespace"), of="RestoreFromClusterSnapshot")),
            *(REFRESH, VANISH, DESTROY),
        ],
    ),
    (STATIC, [DIE_WHEN_DELETED, act("receipts", how="lost"), MINUTES, DESTROY]),
    (DAYS, [DIE_WHEN_DELETED, act("receipts", how="lost"), MINUTES, DESTROY]),
    # refresh is no way out
    (
        DAYS,
        [
            act("fail_the_snapshot", outcome="cluster-gone"),
            *(DIE_WHEN_DELETED, MINUTES, act("destroy", refresh=True)),
        ],
    ),
    (DAYS, [DIE_WHEN_DELETED, MINUTES, REFRESH, DESTROY, RESTORE, UP]),
    (DAYS, [DIE_WHEN_DELETED, MINUTES, act("up", refresh=True), DESTROY]),
    (DAYS, [VANISH, REFRESH, UP, DESTROY]),
    (SKIP, [VANISH, REFRESH, UP, DESTROY]),
    (SKIP, [VANISH, UP, DESTROY]),
    # elsewhere
    (
        DAYS,
        [
            act("credentials", region=OTHER_REGION),
            *(UP, PLAN, DESTROY, act("credentials"), DESTROY),
        ],
    ),
    # AWS's listings lag, and times change
    (SKIP, [act("stale", clusters=20.0), act("destroy", **at("wait", 1, TIGHTEN))]),
    (DAYS, [DIE_WHEN_DELETED, MINUTES, act("stale", clusters=20.0), REFRESH, DESTROY]),
    (DAYS, [DESTROY, RESTORE, act("stale", snapshots=20.0), UP, DESTROY]),
    (DAYS, [act("habits", snapshot_listing_lag_seconds=10.0), DESTROY]),
    (DAYS, [DESTROY, act("habits", cluster_listing_lag_seconds=5.0), UP, DESTROY]),
    (DAYS, [act("habits", keeps_create_time=False), RESIZE, MINUTES, REFRESH, DESTROY]),
    (DAYS, [act("habits", keeps_create_time=False), RESIZE, MINUTES, DIE_WHEN_DELETED, MINUTES, DESTROY]),
]

ALIASED = act("program", name="store", aliased=True)
UNALIASED = act("program", name="store", aliased=False)
ADOPT, PLAIN = act("program", adopt_existing=True), act("program", adopt_existing=None)
SWITCH, ROLE = act("switch_stack"), act("role", denied=["CreateTags"])
STRIP, BOT = act("tags", tags={}), act("tags", tags={"bot": "was here"})
SEEDED = act("program", snapshot_identifier="seed")
REPLACE = act("up", replace=True)
DAYS_PASS = act("pass_time", seconds=30 * 3600.0)
EMPTY = act("program", restore_final_snapshot=False)
TO_RESTORE = act("program", delete_first=True, restore_final_snapshot=True)
REVERTED = act("program", delete_first=None, restore_final_snapshot=None)
CUT = act("up", replace=True, **at("after", 1, DIE, of="DeleteCluster"))
CUT_BETWEEN = act("up", replace=True, **at("before", 1, DIE, of="RestoreFromClusterSnapshot"))
RESTORE_DIES = act("up", **at("after", 1, DIE, of="RestoreFromClusterSnapshot"))
NOT_SENT = act("up", **at("before", 1, DIE, of="RestoreFromClusterSnapshot"))
ADOPTION_DIES = act("up", **at("after", 1, DIE, of="CreateTags"))
BY_HAND = act("restore_by_hand")
YOUNG = "skipped while young"
SEED_ARN = "arn:aws:redshift:us-east-1:111122223333:snapshot:seedling/seed"

OWNERS: list[tuple[str, list[Action]]] = [
    # whose a cluster is
    (DAYS, [ADOPT, act("up", replace=True, neighbour="last"), PLAIN, UP, DESTROY]),
    (DAYS, [UNALIASED, act("up", continue_on_error=True), UP]),
    (DAYS, [UNALIASED, ADOPT, act("up", continue_on_error=True), act("up", target="warehouse"), UP]),
    (DAYS, [UNALIASED, UP, act("up", target="warehouse")]),
    (DAYS, [ALIASED, UP, REFRESH, DESTROY]),
    (DAYS, [DESTROY, act("restore_by_hand"), MINUTES, UP, DESTROY]),
    (DAYS, [DESTROY, act("restore_by_hand"), MINUTES, RESTORE, UP, DESTROY]),
    (DAYS, [SWITCH, UP, SWITCH, DESTROY, SWITCH, DESTROY]),
    (DAYS, [SWITCH, ROLE, UP, SWITCH, DESTROY]),
    (DAYS, [SWITCH, UP, BOT, SWITCH, UP, DESTROY]),
    (DAYS, [act("move"), SWITCH, UP, REFRESH, DESTROY]),
    (DAYS, [STRIP, DESTROY]),
    (DAYS, [ROLE, UP, DESTROY, act("role", denied=[]), DESTROY]),
    (DAYS, [act("program", annex=True), UP, act("program", annex=None), UP, DESTROY]),
    (DAYS, [act("program", absent=True), act("up", neighbour="first"), UP]),
    (DAYS, [SWITCH, ADOPTION_DIES, SWITCH, DESTROY]),
    (DAYS, [SWITCH, ADOPTION_DIES, UP, SWITCH, DESTROY, SWITCH, DESTROY]),
    (DAYS, [DESTROY, RESTORE, RESTORE_DIES, UP, ADOPT, UP, DESTROY]),
    (DAYS, [DESTROY, RESTORE, NOT_SENT, BY_HAND, MINUTES, UP, DESTROY]),
    (DAYS, [DESTROY, RESTORE, RESTORE_DIES, VANISH, BY_HAND, MINUTES, UP, DESTROY]),
    (DAYS, [DESTROY, RESTORE, RESTORE_DIES, RENAMED, UP, DESTROY]),
    (DAYS, [DESTROY, BY_HAND, MINUTES, ADOPT, UP, PLAIN, RENAMED, REPLACE, UP, DESTROY]),
    # how old its data is
    (YOUNG, [act("habits", keeps_create_time=False), DAYS_PASS, RESIZE, MINUTES, REFRESH, DESTROY]),
    (YOUNG, [DAYS_PASS, TIGHTEN, UP, DESTROY, RESTORE, act("edit", policy=YOUNG), UP, DESTROY]),
    (YOUNG, [UP, DESTROY]),
    # what a replacement does
    (DAYS, [DESTROY, act("seed"), SEEDED, UP, act("program", snapshot_identifier="SEED"), UP, DESTROY]),
    (
        DAYS,
        [
            *(DESTROY, act("seed"), SEEDED, UP, WRITE),
            act("program", snapshot_identifier=None, snapshot_arn=SEED_ARN),
            *(UP, DESTROY),
        ],
    ),
    (DAYS, [RENAMED, REPLACE, UP, DESTROY]),
    # one that did not end
    (DAYS, [TO_RESTORE, CUT, REVERTED, MINUTES, REFRESH, UP, TO_RESTORE, UP, DESTROY]),
    (DAYS, [TO_RESTORE, CUT, REVERTED, MINUTES, act("receipts", how="lost"), REFRESH, UP, DESTROY]),
    (
        DAYS,
        [
            *(DESTROY, act("seed"), SEEDED, UP, WRITE, act("program", snapshot_identifier=None)),
            *(TO_RESTORE, CUT, REVERTED, SEEDED, MINUTES, REFRESH, UP, DESTROY),
        ],
    ),
    (DAYS, [TO_RESTORE, CUT_BETWEEN, REVERTED, act("rename_stack", to="live-2"), UP, DESTROY]),
    (DAYS, [TO_RESTORE, CUT_BETWEEN, act("rename_stack", to="live-2"), UP, DESTROY]),
    (DAYS, [TO_RESTORE, RENAMED, act("rename_stack", to="live-2"), REPLACE, UP, DESTROY]),
    (DAYS, [TO_RESTORE, CUT_BETWEEN, RENAMED, act("rename_stack", to="live-2"), UP, DESTROY]),
    (DAYS, [TO_RESTORE, CUT_BETWEEN, RENAMED, ALIASED, UP, DESTROY]),
    (DAYS, [TO_RESTORE, CUT_BETWEEN, RENAMED, ALIASED, REVERTED, UP, DESTROY]),
    (DAYS, [TO_RESTORE, CUT_BETWEEN, REVERTED, UNALIASED, UP, DESTROY]),
    (DAYS, [TO_RESTORE, CUT, act("rename_stack", to="live-2"), REVERTED, MINUTES, REFRESH, UP, DESTROY]),
    (YOUNG, [TO_RESTORE, DAYS_PASS, CUT, REVERTED, MINUTES, REPLACE, UP, DESTROY]),
    (DAYS, [act("program", delete_first=True), EMPTY, REPLACE, UP, DESTROY]),
    (
        DAYS,
        [
            act("program", delete_first=True, snapshot_identifier="seed"),
            *(REPLACE, act("program", delete_first=None, snapshot_identifier=None), UP, DESTROY),
        ],
    ),
    (DAYS, [act("program", database_name="sales"), UP, DESTROY]),
    # what protects it
    (
        DAYS,
        [
            act("rename_stack", to="scratch"),
            *(UP, act("environment", name="play"), UP, DESTROY),
        ],
    ),
    (DAYS, [act("rename_stack", to="live-2"), UP, DESTROY]),
    (DAYS, [act("environment", name="play"), UP, DESTROY]),
]
"""Whose a cluster is, how old its data, what a replacement does, and what protects it."""

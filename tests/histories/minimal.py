"""Histories that once broke a promise, each as small as it gets, by what must not be broken."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.histories.history import History
from tests.histories.themes import (
    ADOPT,
    AGAIN,
    CTRL_C,
    CUT,
    DAYS,
    DESTROY,
    KILLED_RENAME,
    MINUTES,
    NAMED_AS_BEFORE,
    ORPHAN,
    REFRESH,
    RENAMED,
    REPLACE,
    RESIZE,
    RESTORE,
    REVERTED,
    SKIP,
    STATIC,
    SWITCH,
    TIGHTEN,
    TO_RESTORE,
    UP,
    VANISH,
    WRITE,
    act,
    at,
)
from tests.teardown.stage import OTHER_ACCOUNT

if TYPE_CHECKING:
    from tests.histories.rules import Action


def _wild(policy: str, *actions: Action) -> History:
    return History("wild", policy, list(actions))


GIVE_UP = act("give_up")

KILLS = partial(History, "kills", DAYS)
"""A history in which nothing but engines and providers ends."""

MINIMAL: dict[str, History] = {
    "a create that ended when its engine was gone is gone on with": KILLS(
        [act("up", **at("after", 1, act("kill_engine"), of="DeleteTags")), UP]
    ),
    "of two deletions that both got a snapshot the one that nobody saw given up is believed": _wild(
        DAYS,
        UP,
        act("fail_the_snapshot", outcome="cluster-returns-after-snapshot"),
        act("destroy", **at("after", 1, act("kill_all"), of="DeleteCluster")),
        act("pass_time", seconds=600),
        act("end_by_hand", snapshot="by-hand"),
    ),
    "of two snapshots of one moment the one that was sent is the proof": _wild(
        DAYS,
        UP,
        act("snapshot_by_hand", snapshot="fits"),
        act("destroy", **at("after", 1, act("kill_all"), of="DeleteCluster")),
    ),
    "a snapshot whose cluster came back is void, be its generation not told": _wild(
        DAYS,
        UP,
        act("habits", snapshots_tell_create_time=False),
        act("fail_the_snapshot", outcome="cluster-returns-after-snapshot"),
        *(DESTROY, VANISH),
    ),
    "a stranger's snapshot of which AWS does not tell the generation is not tagged": _wild(
        DAYS,
        UP,
        act("habits", snapshots_tell_create_time=False),
        *(act("foreign_snapshot", snapshot="fits", of="warehouse"), DESTROY),
    ),
    "an absence that does not last is no end": _wild(SKIP, UP, act("stale", clusters=20.0), DESTROY),
    "an absence that does not last is no proof of an older snapshot": _wild(
        DAYS,
        UP,
        act("fail_the_snapshot", outcome="cluster-returns-after-snapshot"),
        act("destroy", **at("after", 1, act("kill_all"), of="DeleteCluster")),
        *(MINUTES, WRITE, act("stale", clusters=20.0), DESTROY),
    ),
    "a refresh drops nothing whose absence does not last": _wild(
        SKIP, UP, act("stale", clusters=20.0), REFRESH, DESTROY
    ),
    "a listing that fell behind makes no restore begin empty": _wild(
        DAYS, UP, DESTROY, RESTORE, act("stale", snapshots=20.0), UP
    ),
    "an up that has nothing to do sees that AWS gave a deletion up": _wild(
        DAYS,
        UP,
        act("fail_the_snapshot", outcome="cluster-returns-after-snapshot"),
        *(act("destroy", **at("after", 1, act("kill_all"), of="DeleteCluster")), MINUTES, UP, WRITE, VANISH),
    ),
    "a rename that was killed and taken back is taken back by an up that refreshes": _wild(
        DAYS, UP, RENAMED, KILLED_RENAME, MINUTES, NAMED_AS_BEFORE, act("up", refresh=True), DESTROY
    ),
    "an orphan tags nothing": _wild(
        DAYS, UP, act("destroy", **at("after", 3, ORPHAN, of="DescribeClusters"))
    ),
    "an orphan creates nothing": _wild(DAYS, act("up", **at("after", 2, ORPHAN, of="DescribeClusters"))),
    "an orphan deletes nothing": _wild(
        SKIP, UP, RESIZE, act("destroy", **at("wait", 1, ORPHAN, TIGHTEN, UP))
    ),
    "ctrl-c begins nothing": _wild(DAYS, UP, RESIZE, act("destroy", **at("wait", 1, CTRL_C))),
    "a refresh drops nothing unproven": _wild(DAYS, UP, VANISH, act("destroy", refresh=True)),
    "a refresh after a renaming of the stack drops nothing that a destroy refuses": _wild(
        SKIP, UP, act("rename_stack", to="scratch"), VANISH, REFRESH
    ),
    "a state that was moved deletes nothing that its old place adopted again": _wild(
        DAYS,
        UP,
        act("move"),
        ADOPT,
        UP,
        SWITCH,
        RENAMED,
        REPLACE,
    ),
    "a mark that was written on another's cluster makes it nobody's create": _wild(
        DAYS,
        UP,
        DESTROY,
        RESTORE,
        act("up", **at("before", 1, AGAIN, of="CreateTags")),
        UP,
    ),
    "without tags and receipts a replacement asks for a word": _wild(
        DAYS, UP, TO_RESTORE, CUT, REVERTED, MINUTES, act("receipts", how="lost"), REPLACE
    ),
    "another's cluster under the name is not tagged": _wild(
        DAYS, act("up", **at("after", 4, AGAIN, of="DescribeClusters"))
    ),
    "a deletion without a snapshot that was seen given up excuses nothing": _wild(
        SKIP, UP, act("destroy", **at("wait", 4, GIVE_UP)), TIGHTEN, VANISH
    ),
    "a deletion that was seen given up is no proof": _wild(
        DAYS, UP, act("destroy", **at("wait", 3, GIVE_UP)), WRITE, VANISH
    ),
    "a snapshot by hand under a name without a time is no proof": _wild(
        STATIC, UP, act("snapshot_by_hand", snapshot="static"), VANISH
    ),
    "a snapshot by hand under the requested name is no proof": _wild(
        DAYS,
        act("program", final_snapshot_identifier="the-last"),
        UP,
        act("snapshot_by_hand", snapshot="requested"),
        VANISH,
    ),
    "what a destroy saw of a snapshot is waited for": _wild(
        DAYS, UP, act("habits", snapshot_listing_lag_seconds=10.0), DESTROY
    ),
    "another account's answer says nothing": _wild(
        DAYS, UP, act("credentials", account=OTHER_ACCOUNT), DESTROY
    ),
    "a create that goes on with another's goes on with its claim": (
        History(
            "kills",
            "kept for 7 days",
            [
                UP,
                DESTROY,
                act("edit", policy="skipped while ephemeral"),
                act("restore"),
                act("up", **at("before", 1, act("kill_engine"), UP, of="CreateTags")),
            ],
        )
    ),
    "rules that were loosened while the cluster could not be reached are written by the next up": _wild(
        DAYS,
        UP,
        act("credentials", account=OTHER_ACCOUNT),
        act("edit", policy="skipped while young"),
        UP,
    ),
    "a half that AWS does not list for a moment is not passed over": _wild(
        DAYS,
        UP,
        act("program", delete_first=True, restore_final_snapshot=True),
        act("up", replace=True, **at("after", 1, act("kill_all"), of="DeleteCluster")),
        act("program", delete_first=None, restore_final_snapshot=None),
        act("pass_time", seconds=600),
        act("stale", snapshots=1.0),
        act("up", replace=True),
    ),
    "an orphan that saw the cluster once has seen no end": _wild(
        DAYS,
        UP,
        act("destroy", **at("before", 8, act("kill_engine"), act("give_up", name="warehouse"))),
        act("up", continue_on_error=True, neighbour="last"),
    ),
    "the snapshot that was named before is the same in other words": _wild(
        DAYS,
        act("role", denied=["DeleteTags"]),
        act("up", replace=True, neighbour="last"),
        act("seed"),
        act("role", denied=[]),
        act("program", snapshot_identifier="seed"),
        UP,
        act(
            "program",
            snapshot_identifier=None,
            snapshot_arn="arn:aws:redshift:us-east-1:111122223333:snapshot:seedling/seed",
        ),
        UP,
    ),
    "what is to be adopted is kept while it lives": _wild(
        DAYS,
        UP,
        act("begin_again", name="warehouse"),
        act("program", name="store", aliased=False),
        act("program", adopt_existing=True),
        act("up", continue_on_error=True),
    ),
    "a snapshot by hand of the same second is not taken for ours": _wild(
        DAYS,
        UP,
        act("receipts", how="shut"),
        act("snapshot_by_hand", name="warehouse", snapshot="fits"),
        act("destroy", **at("before", 12, act("kill_engine"))),
    ),
    "an up that has nothing to do writes down that the cluster lives": _wild(
        DAYS,
        UP,
        act("destroy", **at("wait", 3, act("give_up"), act("kill_all"))),
        act("pass_time", seconds=600),
        act("stale", snapshots=20.0),
        UP,
        act("vanish"),
    ),
    "a create that is gone on with by looser rules says so in its claim": _wild(
        DAYS,
        act("up", **at("after", 12, act("kill_engine"), act("edit", policy="skipped while ephemeral"))),
        UP,
    ),
    "a policy that is tightened while a destroy waits holds": _wild(
        SKIP, UP, act("resize"), act("destroy", **at("wait", 1, TIGHTEN))
    ),
    "a skip that was recorded anew by an adoption is no other state's to judge": _wild(
        DAYS,
        UP,
        act("edit", policy="skipped"),
        act("program", adopt_existing=True),
        act("up", replace=True, neighbour="last"),
    ),
    "what a replacement left is asked about under another identifier": _wild(
        DAYS,
        UP,
        act("program", delete_first=True, restore_final_snapshot=True),
        RENAMED,
        act("up", replace=True, **at("after", 1, act("kill_all"), of="DeleteCluster")),
        act("program", delete_first=None, restore_final_snapshot=None),
        MINUTES,
        act("up", replace=True, neighbour="last"),
    ),
    "a destroy that ends at its first failure refuses nothing of the others": _wild(
        DAYS,
        act("program", annex=True),
        UP,
        act("destroy", **at("before", 2, act("lose_the_snapshot"), of="DescribeClusters")),
    ),
    "of snapshots that AWS does not list no plan knows that the quota is used up": _wild(
        DAYS, UP, DESTROY, UP, act("stale", snapshots=20.0), act("quota", quota=1), DESTROY
    ),
    "a cluster that the resource which took it over deletes now is let go of": _wild(
        DAYS, UP, SWITCH, UP, act("fail_the_snapshot", name="warehouse", outcome="stuck"), DESTROY
    ),
    "a claim is written later where AWS does not show the cluster yet": _wild(
        "of others", UP, act("environment", name="play"), act("stale", clusters=5.0), UP
    ),
    "a state that was moved is not the resource that took its cluster over under the old name": _wild(
        DAYS,
        UP,
        act("fail_the_snapshot", name="warehouse", outcome="stuck"),
        act("move"),
        act("program", adopt_existing=True),
        UP,
    ),
}

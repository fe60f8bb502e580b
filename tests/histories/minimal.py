"""Histories that once broke a promise, each as small as it gets, by what it would break."""

from __future__ import annotations

from tests.histories.player import OTHER_ACCOUNT, History
from tests.histories.rules import CLUSTER

DAYS = "kept for 7 days"

MINIMAL: dict[str, History] = {
    "an orphan tags nothing": History(
        "kills",
        DAYS,
        [("up", {}), ("destroy", {"meanwhile": [("after", 3, "DescribeClusters", [("kill_engine", {})])]})],
    ),
    "an orphan creates nothing": History(
        "wild", DAYS, [("up", {"meanwhile": [("after", 1, "DescribeClusters", [("kill_engine", {})])]})]
    ),
    "an orphan deletes nothing": History(
        "wild",
        DAYS,
        [
            ("up", {}),
            ("resize", {}),
            (
                "destroy",
                {
                    "meanwhile": [
                        (
                            "wait",
                            1,
                            "",
                            [("kill_engine", {}), ("edit", {"policy": "kept for 35 days"}), ("up", {})],
                        )
                    ]
                },
            ),
        ],
    ),
    "ctrl-c begins nothing": History(
        "wild",
        DAYS,
        [("up", {}), ("resize", {}), ("destroy", {"meanwhile": [("wait", 1, "", [("ctrl_c", {})])]})],
    ),
    "a refresh drops nothing unproven": History(
        "wild", DAYS, [("up", {}), ("vanish", {}), ("destroy", {"refresh": True})]
    ),
    "another's cluster under the name is not tagged": History(
        "wild", DAYS, [("up", {"meanwhile": [("after", 4, "", [("begin_again", {"name": CLUSTER})])]})]
    ),
    "a deletion without a snapshot that was seen given up excuses nothing": History(
        "wild",
        "skipped",
        [
            ("up", {}),
            ("destroy", {"meanwhile": [("wait", 4, "", [("give_up", {})])]}),
            ("edit", {"policy": DAYS}),
            ("vanish", {}),
        ],
    ),
    "a deletion that was seen given up is no proof": History(
        "wild",
        DAYS,
        [
            ("up", {}),
            ("destroy", {"meanwhile": [("wait", 3, "", [("give_up", {})])]}),
            ("write", {}),
            ("vanish", {}),
        ],
    ),
    "a snapshot by hand under a name without a time is no proof": History(
        "wild",
        "kept for ever under one name",
        [("up", {}), ("snapshot_by_hand", {"snapshot": "static"}), ("vanish", {})],
    ),
    "a snapshot by hand under the requested name is no proof": History(
        "wild",
        DAYS,
        [
            ("program", {"final_snapshot_identifier": "the-last"}),
            ("up", {}),
            ("snapshot_by_hand", {"snapshot": "requested"}),
            ("vanish", {}),
        ],
    ),
    "what a destroy saw of a snapshot is waited for": History(
        "wild", DAYS, [("up", {}), ("habits", {"snapshot_listing_lag_seconds": 10.0}), ("destroy", {})]
    ),
    "another account's answer says nothing": History(
        "wild", DAYS, [("up", {}), ("credentials", {"account": OTHER_ACCOUNT}), ("destroy", {})]
    ),
}

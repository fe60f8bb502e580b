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
    "a snapshot by hand under a fitting name is no proof": History(
        "wild", DAYS, [("up", {}), ("snapshot_by_hand", {"snapshot": "fits"}), ("vanish", {})]
    ),
    "another's cluster under the name is not tagged": History(
        "wild", DAYS, [("up", {"meanwhile": [("after", 4, "", [("begin_again", {"name": CLUSTER})])]})]
    ),
    "another account's answer says nothing": History(
        "wild", DAYS, [("up", {}), ("credentials", {"account": OTHER_ACCOUNT}), ("destroy", {})]
    ),
}

"""Makes histories at random, and makes failing ones small."""

from __future__ import annotations

import copy
import random
import re
from typing import TYPE_CHECKING, Any

from tests.histories.history import FAULTS, History
from tests.histories.rules import CLUSTER, POLICIES, READABLE, Action
from tests.histories.themes import OWNERS, SEED_ARN, THEMES
from tests.histories.world import OTHER_REGION
from tests.teardown.stage import ACCOUNT, OTHER_ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.histories.player import Player

OPERATIONS = (
    "*",
    "GetCallerIdentity",
    "DescribeClusters",
    "DescribeClusterSnapshots",
    "DeleteCluster",
    "CreateTags",
    "ModifyClusterSnapshot",
    "ResumeCluster",
    "CreateCluster",
    "RestoreFromClusterSnapshot",
    "ModifyCluster",
)
LATE = ("", "", "", "DeleteCluster", "DescribeClusters", "CreateTags", "ModifyCluster", "CreateCluster")
PROFILES = ("honest", "kills", "kills", "wild", "wild", "wild", "wild")


_THEMED, _MORE, _LESS, _SAME, _OWNERS = 0.5, 0.25, 0.15, 0.5, 0.5
"""How often a history has a theme; in one, how often something is added, left out, or kept as it is; and
without one, how often something is of owners.
"""


class Chance:
    """Chooses.

    Args:
        seed: The same seed makes the same history.

    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chance that can be repeated

    def history(self) -> History:
        """Make a history."""
        pick = self._random.choice
        profile = pick(PROFILES)
        if profile == "wild" and self._random.random() < _THEMED:
            return self._themed(pick(THEMES))
        actions: list[Action] = [("up", {})]
        actions += [self._action(profile) for _ in range(self._random.randint(5, 11))]
        return History(profile, pick(READABLE), actions)

    def history_of_owners(self) -> History:
        """Make a history of several resources, stacks and owners."""
        if self._random.random() < _THEMED:
            return self._themed(self._random.choice(OWNERS), self._of_owners)
        actions: list[Action] = [("up", {})]
        actions += [
            self._of_owners() if self._random.random() < _OWNERS else self._action("wild")
            for _ in range(self._random.randint(5, 11))
        ]
        return History("wild", self._random.choice(READABLE), actions)

    def _themed(self, theme: tuple[str, list[Action]], more: Callable[[], Action] | None = None) -> History:
        """Make a history round something that once went wrong: with more, or without some of it."""
        policy, skeleton = theme
        actions: list[Action] = [("up", {})]
        for action in skeleton:
            if self._random.random() < _MORE:
                actions.append(self._action("wild"))
            if self._random.random() < _MORE:
                actions.append((more or self._happening)())
            if self._random.random() > _LESS:
                actions.append(self._varied(action))
        return History("wild", policy, actions)

    def _of_owners(self) -> Action:
        pick = self._random.choice
        name = pick([CLUSTER, "store"])
        change: dict[str, Any] = pick(
            [
                {"name": name, "aliased": pick([True, False])},
                {"adopt_existing": pick([True, None])},
                {"delete_first": pick([True, None])},
                {"restore_final_snapshot": pick([True, False, None])},
                {"snapshot_identifier": pick(["seed", "SEED", None])},
                {"snapshot_identifier": None, "snapshot_arn": pick([SEED_ARN, None])},
                {"database_name": pick(["sales", None])},
                {"annex": pick([True, None])},
                {"absent": pick([True, None])},
            ]
        )
        flags: dict[str, Any] = pick(
            [
                {"replace": True},
                {"target": name},
                {"continue_on_error": True},
                {"neighbour": pick(["first", "last"])},
                {"replace": True, "neighbour": "last"},
                {"continue_on_error": True, "neighbour": "last"},
            ]
        )
        return self._weighted(
            [
                (4, lambda: ("program", change)),
                (4, lambda: ("up", {**self._surroundings("wild"), **flags})),
                (1, lambda: ("switch_stack", {})),
                (1, lambda: ("move", {})),
                (1, lambda: ("rename_stack", {"to": pick(["live", "live-2", "scratch"])})),
                (1, lambda: ("environment", {"name": pick(["", "play"])})),
                (1, lambda: ("role", {"denied": pick([[], ["CreateTags"], ["DeleteTags"]])})),
                (1, lambda: ("restore_by_hand", {})),
                (1, lambda: ("seed", {})),
                (1, lambda: ("tags", {"tags": pick([{}, {"bot": "was here"}])})),
                (1, lambda: ("pass_time", {"seconds": 30 * 3600.0})),
            ]
        )

    def _varied(self, action: Action) -> Action:
        """Return the same action at another moment."""
        name, arguments = action
        if "meanwhile" not in arguments or self._random.random() < _SAME:
            return action
        meanwhile = [
            (moment, max(1, number + self._random.randint(-2, 3)), operation, actions)
            for moment, number, operation, actions in arguments["meanwhile"]
        ]
        return name, {**arguments, "meanwhile": meanwhile}

    def _action(self, profile: str) -> Action:
        if profile == "wild" and self._random.random() < 0.45:
            return self._happening()
        return self._weighted(
            [
                (4, lambda: self._up(profile)),
                (2, lambda: self._refresh(profile)),
                (1, lambda: self._preview(profile)),
                (5, lambda: self._destroy(profile)),
                (1, lambda: ("plan", {})),
                (2, lambda: self._edit(profile)),
                (3, self._program),
                (1, lambda: ("restore", {})),
                (2, lambda: ("write", {})),
                (1, self._time),
            ]
        )

    def _weighted(self, choices: list[tuple[int, Callable[[], Action]]]) -> Action:
        (made,) = self._random.choices([each for _, each in choices], [weight for weight, _ in choices])
        return made()

    # --- commands ---

    def _up(self, profile: str) -> Action:
        return "up", self._surroundings(profile, refresh=self._random.random() < 0.2)

    def _refresh(self, profile: str) -> Action:
        return "refresh", self._surroundings(profile)

    def _preview(self, profile: str) -> Action:
        del profile
        return "preview", {"refresh": True} if self._random.random() < 0.5 else {}

    def _destroy(self, profile: str) -> Action:
        arguments = self._surroundings(profile, refresh=self._random.random() < 0.25)
        if self._random.random() < 0.15:
            arguments["run_program"] = True
        return "destroy", arguments

    def _surroundings(self, profile: str, *, refresh: bool = False) -> dict[str, Any]:
        arguments: dict[str, Any] = {"refresh": True} if refresh else {}
        if profile == "honest":
            return arguments
        count = self._random.choice([0, 1, 1, 1] if profile == "kills" else [0, 0, 1, 1, 2])
        meanwhile = [self._interruption(profile) for _ in range(count)]
        if meanwhile:
            arguments["meanwhile"] = meanwhile
        if profile == "wild" and self._random.random() < 0.4:
            arguments["faults"] = [self._fault() for _ in range(self._random.randint(1, 2))]
        return arguments

    def _fault(self) -> tuple[str, str, int, int]:
        pick = self._random.choice
        return pick(OPERATIONS), pick(sorted(FAULTS)), self._random.randint(1, 6), pick([1, 1, 2, 7])

    def _interruption(self, profile: str) -> tuple[str, int, str, list[Action]]:
        pick = self._random.choice
        operation = pick(LATE)
        moment = pick(["before", "after", "wait"])
        number = self._random.randint(1, 12 if not operation or moment == "wait" else 3)
        if profile == "kills" or self._random.random() < 0.4:
            actions = self._ending(profile)
        else:
            actions = [self._happening(during=True) for _ in range(self._random.randint(1, 2))]
        return moment, number, operation, actions

    def _ending(self, profile: str) -> list[Action]:
        """The engine or the provider ends; where the provider lives on, others go on meanwhile."""
        kind = self._random.choice(["kill_provider", "kill_all", "kill_engine", "kill_engine", "ctrl_c"])
        actions: list[Action] = [(kind, {})]
        if kind == "kill_engine":
            for _ in range(self._random.randint(0, 3)):
                action = self._action(profile)
                actions.append((action[0], {k: v for k, v in action[1].items() if k != "meanwhile"}))
        return actions

    # --- owners ---

    def _edit(self, profile: str) -> Action:
        return "edit", {"policy": self._random.choice(sorted(POLICIES) if profile == "wild" else READABLE)}

    def _program(self) -> Action:
        pick = self._random.choice
        change: dict[str, Any] = pick(
            [
                {"number_of_nodes": pick([2.0, 3.0, 4.0])},
                {"cluster_identifier": pick([CLUSTER, "depot"])},
                {"tags": pick([{"ephemeral": "true"}, {"ephemeral": "true", "team": "data"}])},
                {"automated_snapshot_retention_period": pick([1.0, 7.0])},
                {"final_snapshot_identifier": pick([None, "the-last"])},
            ]
        )
        return "program", change

    def _time(self) -> Action:
        return "pass_time", {"seconds": self._random.choice([5, 25, 60, 600])}

    # --- everybody else ---

    def _happening(self, *, during: bool = False) -> Action:
        pick = self._random.choice
        name = pick([CLUSTER, CLUSTER, CLUSTER, "depot"])
        kinds = ["fits", "static", "requested", "by-hand"]
        choices: list[tuple[int, Callable[[], Action]]] = [
            (2, lambda: ("write", {"name": name})),
            (2, lambda: ("vanish", {"name": name})),
            (2, lambda: ("end_by_hand", {"name": name, "snapshot": pick(["", *kinds])})),
            (3, lambda: ("begin_again", {"name": name})),
            (2, lambda: ("rename", {"name": pick([name, "elsewhere"]), "to": pick(["elsewhere", name])})),
            (1, lambda: ("pause", {"name": name})),
            (1, lambda: ("resume", {"name": name})),
            (2, lambda: ("resize", {"name": name, "nodes": pick([3, 4])})),
            (2, lambda: ("snapshot_by_hand", {"name": name, "snapshot": pick(kinds)})),
            (1, lambda: ("foreign_snapshot", {"snapshot": pick(kinds), "of": pick([name, "another"])})),
            (1, lambda: ("lose_the_snapshot", {})),
            (1, lambda: ("tags", {"name": name, "tags": pick([{}, {"bot": "was here"}])})),
            (2, lambda: ("fail_the_snapshot", self._failing(name))),
            (2, lambda: ("give_up", {"name": name})),
            (1, lambda: ("keep_namespace", {"name": name})),
            (1, lambda: ("receipts", {"how": pick(["lost", "shut", "garbled"])})),
            (1, lambda: ("edit", {"policy": pick(sorted(POLICIES))})),
        ]
        if during:
            choices += [
                (1, lambda: ("lose_connection", {})),
                (1, lambda: ("destroy_beside", {})),
            ]
        else:
            choices += [
                (1, self._time),
                (1, lambda: ("quota", {"quota": pick([None, 0, 1])})),
                (1, lambda: ("credentials", {"account": pick([ACCOUNT, OTHER_ACCOUNT])})),
                (1, lambda: ("credentials", {"region": pick([REGION, OTHER_REGION])})),
                (1, lambda: ("lakehouse", {"status": pick(["", "Registered"])})),
                (1, self._habits),
                (1, self._stale),
            ]
        return self._weighted(choices)

    def _stale(self) -> Action:
        """A copy of AWS's falls behind, and catches up sooner than an absence is believed."""
        pick = self._random.choice
        return "stale", {pick(["clusters", "snapshots"]): pick([1.0, 5.0, 20.0])}

    def _failing(self, name: str) -> dict[str, Any]:
        outcomes = ["cluster-returns", "cluster-returns-after-snapshot", "cluster-gone", "stuck"]
        return {"name": name, "outcome": self._random.choice(outcomes)}

    def _habits(self) -> Action:
        pick = self._random.choice
        return "habits", {
            "delete_paused": pick([True, False]),
            "final_snapshot_status": pick(["creating", "final snapshot"]),
            "tag_unfinished_snapshots": pick([True, False]),
            "keeps_create_time": pick([True, False]),
            "cluster_listing_lag_seconds": pick([0.0, 0.0, 5.0]),
            "snapshot_listing_lag_seconds": pick([0.0, 0.0, 10.0]),
            "snapshots_tell_create_time": pick([True, True, True, False]),
        }


# --- making it small -----------------------------------------------------------------------------------


def failure(player: Player, history: History) -> str:
    """Play a history; return how it fails, empty where it does not."""
    try:
        player.play(history)
    except AssertionError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _kind(problem: str) -> str:
    return re.sub(r"[0-9]+|shop-live-\S+", "#", problem)[:60]


def smallest(player: Player, history: History, problem: str, plays: int = 400) -> tuple[History, str]:
    """Return the smallest history found that fails in the same way, and how it fails."""
    kind = _kind(problem)
    smaller = True
    while smaller and plays > 0:
        smaller = False
        for candidate in _parts(history):
            plays -= 1
            found = failure(player, candidate)
            if found and _kind(found) == kind:
                history, problem, smaller = candidate, found, True
                break
            if plays <= 0:
                break
    return history, problem


def _parts(history: History) -> Iterator[History]:
    """Histories with something left out, the largest parts first."""
    actions = history.actions
    for size in (len(actions) // 2, 1):
        for start in range(0, len(actions), max(size, 1)):
            if size:
                yield History(history.profile, history.policy, actions[:start] + actions[start + size :])
    for index, (name, arguments) in enumerate(actions):
        for fewer in _fewer(arguments):
            changed = copy.copy(actions)
            changed[index] = (name, fewer)
            yield History(history.profile, history.policy, changed)
    if history.policy != READABLE[0]:
        yield History(history.profile, READABLE[0], actions)


def _fewer(arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in ("faults", "meanwhile"):
        for index in range(len(arguments.get(key, []))):
            left = [each for at, each in enumerate(arguments[key]) if at != index]
            yield {**{k: v for k, v in arguments.items() if k != key}, **({key: left} if left else {})}
    for key in ("refresh", "run_program"):
        if arguments.get(key):
            yield {k: v for k, v in arguments.items() if k != key}
    for index, (moment, number, operation, actions) in enumerate(arguments.get("meanwhile", [])):

        def put(changed: Any, index: int = index) -> dict[str, Any]:
            meanwhile = list(arguments["meanwhile"])
            meanwhile[index] = changed
            return {**arguments, "meanwhile": meanwhile}

        for at in range(len(actions)):
            if len(actions) > 1:
                yield put((moment, number, operation, actions[:at] + actions[at + 1 :]))
            for fewer in _fewer(actions[at][1]):
                changed = [*actions[:at], (actions[at][0], fewer), *actions[at + 1 :]]
                yield put((moment, number, operation, changed))

"""How long it takes to load a deletion policy of 500 lines, and to decide by it.

Run it with `python bench/deletion_policy.py`; it exits 1 where a limit of the documentation is not kept.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import TYPE_CHECKING

from redshift_teardown.deletion_policy import decide, facts_of, loads, match

if TYPE_CHECKING:
    from collections.abc import Callable

LINES = 500
LOAD_AND_DECIDE_MILLISECONDS = 20.0
DECIDE_MICROSECONDS = 50.0
RULES = 6
HEAD = """
  # The clusters of one team, as it would write them.
  team-{number}:
    stacks:
      - team-{number}
      - "team-{number}-*"
    accounts: ["{account:012}"]
    final_snapshot:
      name: "{{project}}-{{stack}}-{{cluster}}-{{timestamp}}"
      retention_days: 7
      tags: {{team: data, stage: "{{environment}}"}}
    skip:
"""
RULE = """      - when:
          tags: {{owner: "team-{rule}", ephemeral: "tr*"}}
          identifier: ["etl-{rule}-*", "tmp-*"]
          max_nodes: 2
          younger_than_hours: 24
        because: "nothing of record"
"""


def policy(lines: int) -> str:
    """Write a policy of at least so many lines, each environment with several rules."""
    text = "version: 1\nenvironments:\n"
    number = 0
    while text.count("\n") < lines:
        text += HEAD.format(number=number, account=number)
        text += "".join(RULE.format(rule=rule) for rule in range(RULES))
        number += 1
    return text


def best(call: Callable[[], object], rounds: int, calls: int) -> tuple[float, float]:
    """Time a call; give the least and the median of the rounds, in seconds of processor time for one call."""
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        for _ in range(calls):
            call()
        times.append((time.process_time() - begin) / calls)
    return min(times), statistics.median(times)


def main() -> int:
    """Measure, print, and compare with the limits."""
    text = policy(LINES)
    stack = f"team-{(text.count('    stacks:')) - 1}"
    facts = facts_of(
        {
            "cluster_identifier": "main",
            "node_type": "ra3.large",
            "number_of_nodes": 2,
            "tags": {"owner": "x"},
        },
        project="warehouse",
        stack=stack,
        resource="main",
    )
    loaded = loads(text, source="bench.yaml")
    environment = match(loaded, stack=stack, account=None).environment

    def everything() -> object:
        read = loads(text, source="bench.yaml")
        return decide(match(read, stack=stack, account=None).environment, facts)

    least, median = best(everything, rounds=15, calls=3)
    print(
        f"load {text.count(chr(10))} lines, match and decide: {least * 1e3:.1f} ms at best, "
        f"{median * 1e3:.1f} ms in the middle (limit {LOAD_AND_DECIDE_MILLISECONDS:.0f} ms)"
    )
    alone, alone_median = best(lambda: decide(environment, facts), rounds=15, calls=2000)
    print(
        f"decide over {RULES} rules: {alone * 1e6:.1f} µs at best, {alone_median * 1e6:.1f} µs in the middle "
        f"(limit {DECIDE_MICROSECONDS:.0f} µs)"
    )
    kept = least * 1e3 < LOAD_AND_DECIDE_MILLISECONDS and alone * 1e6 < DECIDE_MICROSECONDS
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

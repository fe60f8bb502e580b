"""Print what becomes of a destroy whose every call is struck by every fault, and is then run again.

Run by `make faults`. The same grid is a test (`tests/teardown/test_grid.py`). Exits with 1 where a cell
breaks the promise.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.teardown import grid  # noqa: E402 - it is found once the path is set
from tests.teardown.stage import staged  # noqa: E402


def main() -> int:
    """Play the grid and print it, one table for each length of a fault."""
    tally: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, staged(Path(folder)) as stage:
        for length in grid.LENGTHS:
            print("One call struck:" if length == 1 else f"\n{length} calls in a row struck:", end="\n\n")
            rows = [["", *grid.faults(length)]]
            for site in grid.SITES:
                cells = [grid.play(stage, site, fault, length) for fault in grid.faults(length)]
                rows.append([site, *(cell.words for cell in cells)])
                tally.update("kept" if cell.holds else "broken" for cell in cells)
            _print(rows)
    total = sum(tally.values())
    print(
        f"\n{total} destroys: {tally['kept']} ended, after one more destroy at most, with the cluster gone "
        f"and one proven final snapshot; {tally['broken']} did not."
    )
    return 1 if tally["broken"] else 0


def _print(rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main())

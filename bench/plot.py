"""A plot of times over numbers of clusters, as SVG written here: one picture needs no library."""

from __future__ import annotations

import math
from collections import defaultdict
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 20, 150
COLOURS = ("#0b6e4f", "#c1292e", "#235789", "#e08d00", "#6a4c93")


def plot(rows: Sequence[Mapping[str, Any]], floor: float) -> str:
    """Draw the measured times, both axes logarithmic.

    Args:
        rows: Measurements with ``way``, ``count``, ``seconds`` and ``left``; without ways that did not wait.
        floor: What AWS itself takes, drawn as a line.

    """
    waited = [row for row in rows if not row["left"]]
    ways: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in waited:
        ways[row["way"]].append((row["count"], row["seconds"]))
    most = max(row["count"] for row in waited)
    low, high = floor / 2, max(row["seconds"] for row in waited) * 1.5

    def across(count: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(count) / max(math.log(most), 1)

    def up(seconds: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * math.log(seconds / low) / math.log(high / low)

    style = 'font-family="sans-serif" font-size="12" role="img"'
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {style}>',
        "<title>Seconds to destroy clusters with a final snapshot</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    drawn += [
        f'<text x="{across(count):.0f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{count}</text>'
        for count in sorted({row["count"] for row in waited})
    ]
    for seconds in (10, 20, 50, 100, 200, 500, 1000, 2000):
        if low <= seconds <= high:
            y = up(seconds)
            drawn.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
            drawn.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{seconds} s</text>')
    drawn.append(f'<path d="M{LEFT} {up(floor):.1f}H{WIDTH - RIGHT}" stroke="#888" stroke-dasharray="4 4"/>')
    y = HEIGHT - BOTTOM + 40
    drawn.append(f'<text x="{LEFT}" y="{y}">clusters (dashed: the {floor:g} s that AWS itself takes)</text>')
    for number, (way, points) in enumerate(ways.items()):
        colour = COLOURS[number % len(COLOURS)]
        line = " ".join(f"{across(count):.1f},{up(seconds):.1f}" for count, seconds in sorted(points))
        drawn.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [
            f'<circle cx="{across(count):.1f}" cy="{up(seconds):.1f}" r="3" fill="{colour}"/>'
            for count, seconds in points
        ]
        y += 18
        drawn.append(f'<text x="{LEFT}" y="{y}" fill="{colour}">{escape(way)}</text>')
    return "\n".join([*drawn, "</svg>", ""])

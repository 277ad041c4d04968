"""The ratios as bars, in SVG: what is left of 1 is faster than the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = {"jax": "#3367d6", "torch": "#d6492a", "casadi": "#7a9a01", "numpy": "#4b8bbe", "autograd": "#8a6fb3"}
LEFT, WIDTH, BAR, LOW, HIGH = 210, 620, 11, 0.01, 4.0


def draw_bars(found: Sequence[Mapping[str, Any]]) -> str:
    """One group of bars a workload and number of threads, on a logarithmic scale from 0.01 to 4."""
    lines: list[str] = []
    y = 30.0
    for item in found:
        times = item["median"]
        others = [name for name in COLOURS if name in times]
        if not others:
            continue
        label = f"{item['workload']}, {item['threads']} thread{'s' * (item['threads'] > 1)}"
        middle = y + BAR * len(others) / 2 + 4
        lines.append(f'<text x="{LEFT - 8}" y="{middle:.1f}" text-anchor="end">{label}</text>')
        for name in others:
            ratio = times["dataflow"] / times[name]
            start, stop = sorted((place_of(1.0), place_of(ratio)))
            lines.append(f'<rect x="{start:.1f}" y="{y:.1f}" width="{max(stop - start, 1):.1f}" height="{BAR - 2}" '
                         f'fill="{COLOURS[name]}"/>')  # fmt: skip
            lines.append(f'<text x="{stop + 4:.1f}" y="{y + BAR - 3:.1f}" class="s">{ratio:.2f} of {name}</text>')
            y += BAR
        y += 8
    grid = [f'<line x1="{place_of(tick):.1f}" y1="20" x2="{place_of(tick):.1f}" y2="{y:.1f}"/>'
            f'<text x="{place_of(tick):.1f}" y="14" text-anchor="middle">{tick:g}</text>'
            for tick in (0.01, 0.1, 0.5, 1, 2, 4)]  # fmt: skip
    style = "text{font:11px sans-serif}.s{font-size:9px}line{stroke:#ccc}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 120}" height="{y + 10:.0f}">'
    return "\n".join([head, f"<style>{style}</style>", *grid, *lines, "</svg>", ""])


def place_of(ratio: float) -> float:
    """Where a ratio stands.

    >>> place_of(0.01), place_of(4.0)
    (210.0, 830.0)
    """
    share = math.log(min(max(ratio, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return LEFT + WIDTH * share

"""Plots as SVG text: bars of what is found, and the tail of false matches. No library."""

from html import escape
from math import log10
from typing import Any, Final

_STYLE: Final = (
    "<style>text{font:12px sans-serif;fill:#222}.s{fill:#666}.a{fill:#2a6f97}.b{fill:#a9d6e5}.t{stroke:#c1121f;"
    "stroke-width:2}.g{stroke:#ddd}.l{fill:none;stroke:#2a6f97;stroke-width:2}</style>"
)


def bars(rows: list[tuple[str, float, float, float | None]]) -> str:
    """Per cent found in both directions, and the target as a mark: rows of title, copy asked, photo asked, target."""
    parts = [_STYLE]
    for line in range(0, 101, 20):
        parts.append(
            f'<line class="g" x1="{260 + 5 * line}" y1="18" x2="{260 + 5 * line}" y2="{24 + 26 * len(rows)}"/>'
        )
        parts.append(f'<text class="s" x="{260 + 5 * line}" y="13" text-anchor="middle">{line} %</text>')
    for number, (title, forward, reverse, target) in enumerate(rows):
        y = 24 + 26 * number
        parts.append(f'<text x="252" y="{y + 14}" text-anchor="end">{escape(title)}</text>')
        parts.append(f'<rect class="a" x="260" y="{y}" width="{5 * forward:.1f}" height="10"/>')
        parts.append(f'<rect class="b" x="260" y="{y + 10}" width="{5 * reverse:.1f}" height="10"/>')
        if target is not None:
            parts.append(f'<line class="t" x1="{260 + 5 * target}" y1="{y}" x2="{260 + 5 * target}" y2="{y + 20}"/>')
    return _svg(800, 34 + 26 * len(rows), parts)


def tail(title: str, counts: list[int], pairs: int, limit: int, rate: float) -> str:
    """The share of pairs at distances up to each, on a logarithmic scale, the limit, and what the fit says there."""
    parts = [_STYLE, f'<text x="60" y="16">{escape(title)}</text>']
    for power in range(-12, -2):
        y = _y(10.0**power)
        parts.append(f'<line class="g" x1="60" y1="{y:.1f}" x2="620" y2="{y:.1f}"/>')
        parts.append(f'<text class="s" x="54" y="{y + 4:.1f}" text-anchor="end">1e{power}</text>')
    parts += [
        f'<text class="s" x="{60 + 5 * distance}" y="356" text-anchor="middle">{distance}</text>'
        for distance in range(0, 113, 16)
    ]
    below, points = 0, []
    for distance, count in enumerate(counts):
        below += count
        if below:
            points.append(f"{60 + 5 * distance},{_y(below / pairs):.1f}")
    parts.append(f'<polyline class="l" points="{" ".join(points)}"/>')
    parts.append(f'<line class="t" x1="{60 + 5 * limit}" y1="24" x2="{60 + 5 * limit}" y2="340"/>')
    parts.append(f'<circle cx="{60 + 5 * limit}" cy="{_y(rate):.1f}" r="4"/>')
    return _svg(640, 366, parts)


def _y(share: float) -> float:
    return 340 - 30 * (log10(max(share, 1e-12)) + 12) * 1.1


def _svg(width: int, height: int, parts: list[Any]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
    return "\n".join([head, *parts, "</svg>", ""])

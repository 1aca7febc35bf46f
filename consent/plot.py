"""Bar plots as numbers for the component plot: the server draws, a browser needs no script for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# In units of the drawing. Narrow, so that text stays legible on a phone 360 px wide.
WIDTH = 360
HEIGHT = 200
BASELINE = 172
TOP = 24  # room for the value over the highest bar
GAP = 0.35  # of a bar's share of the width


@dataclass(frozen=True)
class Bar:
    """Whole numbers: a template would write 1.5 as 1,5 in French, which no browser can draw."""

    x: int
    y: int
    width: int
    height: int
    label: str
    value: int

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


@dataclass(frozen=True)
class Plot:
    title: str
    says: str  # a sentence: what the numbers mean
    columns: tuple[str, str]  # what the labels are, what the values are
    bars: tuple[Bar, ...]
    width: int = WIDTH
    height: int = HEIGHT
    baseline: int = BASELINE

    @property
    def rows(self) -> list[list[dict[str, Any]]]:
        """For the component data-table."""
        name, number = self.columns
        return [[{"label": name, "text": bar.label}, {"label": number, "text": bar.value}] for bar in self.bars]


def bars(points: Sequence[tuple[str, int]]) -> tuple[Bar, ...]:
    """One bar for each label and value ≥ 0; the highest fills the drawing."""
    highest = max((value for _, value in points), default=0) or 1
    share = WIDTH / max(len(points), 1)
    drawn = []
    for place, (label, value) in enumerate(points):
        height = round((BASELINE - TOP) * value / highest)
        drawn.append(
            Bar(
                x=round(share * (place + GAP / 2)),
                y=BASELINE - height,
                width=round(share * (1 - GAP)),
                height=height,
                label=label,
                value=value,
            )
        )
    return tuple(drawn)

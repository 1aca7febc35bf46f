"""Photos of the same picture, or of nearly the same, among those given: they are no false matches.

Found by another means than the fingerprints under test: small colour thumbnails, compared as vectors in eight
orientations. Which pairs count is looked up in the committed list, where a person has looked; pairs of a correlation
above `CERTAIN` that are not listed count as well.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

LIST: Final = Path(__file__).parent / "near-duplicates.txt"
SIDE: Final = 24
CERTAIN: Final = 0.985
DOUBTFUL: Final = 0.96  # worth a look: printed by `python -m bench.quality.near`

Pair = frozenset[str]
Thumbnails = npt.NDArray[np.float32]


def thumbnail(image: Image.Image) -> Thumbnails:
    """(8, 3 · 24 · 24) float32 of length 1 and mean 0 in each colour: one for each orientation."""
    small = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float32)
    turned = [np.rot90(side, quarter) for side in (small, small[:, ::-1]) for quarter in range(4)]
    vectors = np.stack(turned).reshape(8, SIDE * SIDE, 3)
    vectors -= vectors.mean(axis=1, keepdims=True)
    flat = vectors.reshape(8, -1)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    normal: Thumbnails = flat / np.maximum(length, 1e-6)
    return normal


def correlated(names: Sequence[str], thumbnails: Thumbnails, least: float) -> dict[Pair, float]:
    """Pairs of at least this correlation; `thumbnails` is (n, 8, …)."""
    upright = thumbnails[:, 0]
    found: dict[Pair, float] = {}
    for start in range(0, len(names), 256):
        part = upright[start : start + 256]
        best = np.full((len(part), len(names)), -1, dtype=np.float32)
        for orientation in range(8):
            np.maximum(best, part @ thumbnails[:, orientation].T, out=best)
        for row, column in zip(*np.nonzero(best >= least), strict=True):
            if start + row < column:
                found[frozenset({names[start + row], names[column]})] = float(best[row, column])
    return found


def listed() -> tuple[set[Pair], set[Pair]]:
    """Pairs that somebody looked at: the same picture, and not the same."""
    same: set[Pair] = set()
    different: set[Pair] = set()
    for line in LIST.read_text().splitlines():
        if line and not line.startswith("#"):
            verdict, one, other = line.split("\t")
            (same if verdict == "same" else different).add(frozenset({one, other}))
    return same, different


def duplicates(names: Sequence[str], thumbnails: Thumbnails) -> set[Pair]:
    """Pairs of the same picture."""
    same, different = listed()
    known = set(names)
    return {pair for pair in correlated(names, thumbnails, CERTAIN).keys() | same if pair <= known} - different

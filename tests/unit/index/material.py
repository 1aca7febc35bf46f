"""Parts made by code: keypoints scattered over a picture, and the same as a copy would have them."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np

from matching.hashing.details import CELLS, Codes, Details, Kind, Part, Places
from matching.index.interface import Claim


def claim(number: int, uses: int = 1) -> Claim:
    return Claim(UUID(int=number), uses, 0, date(2026, 1, 1))


def scattered(seed: int, keypoints: int = 100, width: int = 384, height: int = 288, kind: Kind = "whole") -> Part:
    """Random codes, at random places at least a few pixels apart from the edge."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 2**64, (keypoints, 2), np.uint64)
    lowest, highest = (4, 4, 1.5, 0), (width - 5, height - 5, 4, 360)
    return Part(kind, width, height, codes, random.uniform(lowest, highest, (keypoints, 4)).astype(np.float32))


def flipped(codes: Codes, bits: int, seed: int) -> Codes:
    """With so many other bits each."""
    random = np.random.default_rng(seed)
    unpacked = np.unpackbits(codes.view(np.uint8), axis=1)
    for row in unpacked:
        row[random.choice(128, bits, replace=False)] ^= 1
    return np.packbits(unpacked, axis=1).view(np.uint64).reshape(-1, 2)


@dataclass(frozen=True)
class Copy:
    """What is done to a picture: turned (degrees), scaled, shifted (pixels of the copy), mirrored last."""

    turn: float = 0.0
    scale: float = 1.0
    shift: complex = 0.0
    mirrored: bool = False

    @property
    def a(self) -> complex:
        return complex(self.scale * np.exp(1j * np.radians(self.turn)))

    def of(self, part: Part, *, width: int = 384, height: int = 288, bits: int = 3) -> Part:
        """The keypoints that lie in a copy of this size, about their middles turned and scaled, `bits` other each."""
        middle = (part.width + 1j * part.height) / 2
        place = part.places[:, 0] + 1j * part.places[:, 1]
        moved = self.a * (place - middle) + (width + 1j * height) / 2 + self.shift
        places = np.stack(
            [
                moved.real,
                moved.imag,
                part.places[:, 2] + np.log2(self.scale),
                (part.places[:, 3] + self.turn) % 360,
            ],
            axis=1,
        )
        seen = (moved.real > 0) & (moved.real < width - 1) & (moved.imag > 0) & (moved.imag < height - 1)
        codes = flipped(part.codes[seen], bits, 1) if seen.any() else part.codes[:0]
        copy = Part(part.kind, width, height, codes, places[seen].astype(np.float32))
        return copy.mirrored() if self.mirrored else copy


def joined(*parts: Part) -> Part:
    first = parts[0]
    codes = np.concatenate([part.codes for part in parts])
    places: Places = np.concatenate([part.places for part in parts])
    return Part(first.kind, first.width, first.height, codes, places)


def ordered(part: Part, order: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> Part:
    return Part(part.kind, part.width, part.height, part.codes[order], part.places[order])


def as_stored(part: Part) -> Part:
    """With coarse places, as they come back from where they are kept."""
    [kept] = Details.from_bytes(Details((part,)).to_bytes(coarse=True), coarse=True).parts
    return kept


def cells_of(part: Part) -> int:
    """How many of its cells have a keypoint."""
    side = max(part.width, part.height) / CELLS
    return len({(int(x // side), int(y // side)) for x, y in part.places[:, :2]})

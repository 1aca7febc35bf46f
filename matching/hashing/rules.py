"""How two codes are compared, as data: part of a profile, the same in every index and every language.

Bits are counted from the most significant bit of the first byte (bit 0) to the least significant bit of the last
(bit 255), that is in the order of the 64 hexadecimal digits.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

BITS: Final = 256


def permutation(name: str, bits: int = BITS) -> tuple[int, ...]:
    """The bits from 0 in the order of SHA-256 of "name/bit": scattered, and the same in every language."""
    return tuple(sorted(range(bits), key=lambda bit: hashlib.sha256(f"{name}/{bit}".encode()).digest()))


def by_tiles(side: int) -> tuple[int, ...]:
    """The bits of a 16 × 16 code, tile after tile of `side` × `side` bits; tiles and their bits row by row."""
    return tuple(
        16 * (top + row) + left + column
        for top in range(0, 16, side)
        for left in range(0, 16, side)
        for row in range(side)
        for column in range(side)
    )


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Largest distances that count as each strength."""

    strong: int
    match: int
    possible: int


@dataclass(frozen=True, slots=True)
class CandidateRule:
    """Which stored codes are compared with a query at all, whatever index holds them.

    Position p of the permuted code is bit `permutation[p]` of the hash. The permuted code is cut into `bands`, of which
    number b, from 0, ends before position 256 · (b + 1) / `bands`, rounded down; a stored code is a candidate when in
    at least one band it differs from the query in at most `flips` bits.
    """

    permutation: tuple[int, ...]
    bands: int
    flips: int

    @property
    def ends(self) -> tuple[int, ...]:
        """Before which position of the permuted code each band ends."""
        return tuple(BITS * (band + 1) // self.bands for band in range(self.bands))

    @property
    def guaranteed(self) -> int:
        """The number of differing bits up to which every code is a candidate (pigeonhole)."""
        return self.bands * (self.flips + 1) - 1

    def to_json(self) -> dict[str, Any]:
        return {
            "permutation": list(self.permutation),
            "bands": self.bands,
            "band_ends": list(self.ends),
            "flips": self.flips,
            "guaranteed_distance": self.guaranteed,
        }


@dataclass(frozen=True, slots=True)
class TileAgreement:
    """The distance is what two codes lack of agreeing in `full` worth of detail, so that a part may be replaced.

    Sixteen bits in a row of the permuted code are a tile of 4 × 4 bits. A stored tile's *detail* is the number of its
    24 pairs of neighbouring bits (12 side by side, 12 one above the other) that differ, less `smooth`, at least 0: a
    gradient of light, which thousands of photos share, has none. A tile that differs from the query's in k bits
    agrees with `worth[k]` times its detail, with none beyond. The distance is `full` less the sum over the tiles, at
    least 0.

    Ours. It is robust as a trimmed distance is (Huber 1981): a local edit leaves most tiles as they were, whereas
    another picture of the same kind differs a little everywhere. Where the bands of the candidate rule are the tiles
    and its flips those that are worth something, a code nearer than `full` is always a candidate.
    """

    worth: tuple[int, ...]
    smooth: int
    full: int
    permutation: tuple[int, ...]

    def detail(self, tile: int) -> int:
        """Of a tile as a number of 16 bits, its first bit the most significant."""
        bits = [tile >> (15 - place) & 1 for place in range(16)]
        across = sum(bits[place] != bits[place + 1] for place in range(16) if place % 4 < 3)
        down = sum(bits[place] != bits[place + 4] for place in range(12))
        return max(0, across + down - self.smooth)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": "tile-agreement",
            "definition": (
                "sixteen bits in a row of the permuted code are a tile of 4×4; a stored tile's detail is the number "
                "of its 24 pairs of neighbouring bits that differ, less `smooth`, at least 0; a tile with k flips "
                "agrees with `worth[k]` times that detail, with none beyond; the distance is `full` less the sum over "
                "the tiles, at least 0"
            ),
            "worth": list(self.worth),
            "smooth": self.smooth,
            "full": self.full,
            "permutation": list(self.permutation),
        }


@dataclass(frozen=True, slots=True)
class ConfirmedHamming:
    """The distance is the number of bits that differ, and a penalty where the textures of the two hashes disagree.

    `texture` is how they are compared: it gives what they lack of agreeing, from 0 to its `full`. A `share`-th of that,
    rounded up, is added to the bits; `unconfirmed` where one of the two has no texture. So the bits alone say which
    codes are worth comparing, and no distance is below the number of bits.

    Ours: pictures of one kind (clothes laid out on one floor, faces in one frame) come near in PDQ, which sees the
    coarse shapes, and seldom in the fine ones at the same time.
    """

    texture: TileAgreement
    share: int
    unconfirmed: int

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": "hamming-confirmed-by-texture",
            "definition": (
                "the number of bits that differ, plus the distance of the textures (the dhash codes of the same view "
                "and orientation) divided by `share` and rounded up; plus `unconfirmed` where one has no texture"
            ),
            "texture": self.texture.to_json(),
            "share": self.share,
            "unconfirmed": self.unconfirmed,
        }


Comparison = ConfirmedHamming | TileAgreement

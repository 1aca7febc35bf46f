"""Details: local features of a picture, which find what is left of it, as arrays and as bytes.

A detail is a keypoint as a code of 128 bits and a place (Lowe, "Distinctive image features from scale-invariant
keypoints", 2004). A photo keeps a few with coarse places; an image that is asked has many with exact ones. What the
numbers are is `details_profile`'s, and docs/adr/0013-details.md says why.
"""

import struct
from dataclasses import dataclass
from typing import Final, Literal, Self

import numpy as np
import numpy.typing as npt

CODE_BITS: Final = 128
CODE_BYTES: Final = CODE_BITS // 8
CELLS: Final = 16  # of the longer side, in which stored places are told
TURNS: Final = 16  # of the full circle, in which stored directions are told
SIZES: Final = 3  # steps to an octave, in which stored sizes are told

Codes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.float32]
Kind = Literal["whole", "main", "surround"]
KINDS: Final[tuple[Kind, ...]] = ("whole", "main", "surround")

VERSION: Final = 1  # of the packing
COARSE: Final = 1  # what is stored
EXACT: Final = 2  # what is asked
MOST_PARTS: Final = 8  # two of each of four pictures of a file
MOST_KEYPOINTS: Final = 400  # of a part
_HEADER: Final = struct.Struct(">BBB")  # version, form, parts
_PART: Final = struct.Struct(">BHHH")  # kind, width, height, keypoints
_COARSE_RECORD: Final = np.dtype([("code", "u1", CODE_BYTES), ("cell", "u1"), ("turn", "u1")])
_EXACT_RECORD: Final = np.dtype(
    [("code", "u1", CODE_BYTES), ("x", ">u2"), ("y", ">u2"), ("turn", "u1"), ("size", "u1")]
)
MOST_BYTES: Final = _HEADER.size + MOST_PARTS * (_PART.size + MOST_KEYPOINTS * _EXACT_RECORD.itemsize)
_EXACT_X: Final = 64  # steps to a pixel
_EXACT_TURNS: Final = 256  # of the full circle
_EXACT_SIZES: Final = 32  # steps to an octave

_TOO_SHORT: Final = "packed details end too early"

# A descriptor has 4 × 4 cells of 8 directions, told from the keypoint's own direction. A mirror turns the cells and
# the directions about that.
_DIMENSIONS: Final = np.arange(CODE_BITS).reshape(4, 4, 8)
MIRRORED: Final = _DIMENSIONS[::-1][:, :, -np.arange(8) % 8].reshape(-1)


def as_codes(bits: npt.NDArray[np.uint8] | npt.NDArray[np.bool_]) -> Codes:
    """(n, 128) bits to (n, 2) words."""
    return np.ascontiguousarray(np.packbits(bits, axis=1)).view(np.uint64).reshape(-1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The keypoints of one part of a picture.

    `kind`: "whole" where no drawn surface surrounds the picture; else "main", its main block, and "surround": of a
    stored picture what lies around that, of an asked one everything. `width` and `height` are pixels of the part.
    `codes` is (n, 2) uint64, bits in the order of the bytes. `places` is (n, 4) float32: x and y in pixels, log2 of the
    size in pixels, and the direction in degrees.
    """

    kind: Kind
    width: int
    height: int
    codes: Codes
    places: Places

    def __len__(self) -> int:
        return len(self.codes)

    def mirrored(self) -> "Part":
        """The same as the mirror image has it."""
        bits = np.unpackbits(self.codes.view(np.uint8), axis=1)[:, MIRRORED]
        places = self.places.copy()
        places[:, 0] = self.width - 0.5 - places[:, 0]  # OpenCV has the middle of the first pixel at a quarter
        places[:, 3] = (180 - places[:, 3]) % 360
        return Part(self.kind, self.width, self.height, as_codes(bits), places)


@dataclass(frozen=True, slots=True, eq=False)
class Details:
    """The details of all pictures of a file."""

    parts: tuple[Part, ...]

    def __len__(self) -> int:
        """How many keypoints there are."""
        return sum(len(part) for part in self.parts)

    def to_bytes(self, *, coarse: bool) -> bytes:
        """Packed: 3 bytes, then for each part 7 and for each keypoint 18 where places are coarse, else 22."""
        packed = [_HEADER.pack(VERSION, COARSE if coarse else EXACT, len(self.parts))]
        for part in self.parts:
            packed.append(_PART.pack(KINDS.index(part.kind), part.width, part.height, len(part)))
            packed.append((_coarse(part) if coarse else _exact(part)).tobytes())
        return b"".join(packed)

    @classmethod
    def from_bytes(cls, data: bytes, *, coarse: bool) -> Self:
        """What `to_bytes` packed in this form, in the same order; coarse places are the middles of their cells.

        Raises ValueError on anything else, with words that quote none of it.
        """
        form = COARSE if coarse else EXACT
        try:
            *header, count = _HEADER.unpack_from(data)
            if header != [VERSION, form] or count > MOST_PARTS:
                raise ValueError(f"packed details have version {VERSION}, form {form}, at most {MOST_PARTS} parts")
            record, places = (_COARSE_RECORD, _of_coarse) if coarse else (_EXACT_RECORD, _of_exact)
            parts, at = [], _HEADER.size
            for _ in range(count):
                kind, width, height, keypoints = _PART.unpack_from(data, at)
                if kind >= len(KINDS) or not (width and height) or keypoints > MOST_KEYPOINTS:
                    raise ValueError(f"a part of details has a known kind, a size, at most {MOST_KEYPOINTS} keypoints")
                at += _PART.size
                if keypoints * record.itemsize > len(data) - at:
                    raise ValueError(_TOO_SHORT)
                rows = np.frombuffer(data, record, keypoints, at)
                at += rows.nbytes
                codes = np.ascontiguousarray(rows["code"]).view(np.uint64).reshape(-1, 2)
                parts.append(Part(KINDS[kind], width, height, codes, places(rows, max(width, height))))
        except struct.error:
            raise ValueError(_TOO_SHORT) from None
        if at != len(data):
            raise ValueError(f"{len(data) - at} bytes too many after packed details")
        return cls(tuple(parts))


def _coarse(part: Part) -> npt.NDArray[np.void]:
    rows = np.zeros(len(part), _COARSE_RECORD)
    rows["code"] = part.codes.view(np.uint8).reshape(-1, CODE_BYTES)
    rows["cell"], rows["turn"] = coarse_places(part).T
    return rows


def coarse_places(part: Part) -> npt.NDArray[np.uint8]:
    """Places as two bytes each, (n, 2): see the packing of the profile."""
    cell = np.clip(np.floor(part.places[:, :2] * (CELLS / max(part.width, part.height))), 0, CELLS - 1).astype(np.uint8)
    turn = np.rint(part.places[:, 3] * (TURNS / 360)).astype(np.int64) % TURNS
    size = np.clip(np.rint(part.places[:, 2] * SIZES), 0, 15).astype(np.int64)
    return np.stack([cell[:, 0] << 4 | cell[:, 1], (turn << 4 | size).astype(np.uint8)], axis=1)


def _of_coarse(rows: npt.NDArray[np.void], longest: int) -> Places:
    cell, turn = rows["cell"].astype(np.float32), rows["turn"]
    x, y = np.floor(cell / 16), cell % 16
    side = longest / CELLS
    columns = ((x + 0.5) * side, (y + 0.5) * side, (turn & 15) / SIZES, (turn >> 4) * (360 / TURNS))
    return np.stack(columns, axis=1).astype(np.float32)


def _exact(part: Part) -> npt.NDArray[np.void]:
    rows = np.zeros(len(part), _EXACT_RECORD)
    rows["code"] = part.codes.view(np.uint8).reshape(-1, CODE_BYTES)
    rows["x"], rows["y"] = np.clip(np.rint(part.places[:, :2].T * _EXACT_X), 0, 65535)
    rows["turn"] = np.rint(part.places[:, 3] * (_EXACT_TURNS / 360)).astype(np.int64) % _EXACT_TURNS
    rows["size"] = np.clip(np.rint(part.places[:, 2] * _EXACT_SIZES), 0, 255)
    return rows


def _of_exact(rows: npt.NDArray[np.void], _: int) -> Places:
    columns = (
        rows["x"] / _EXACT_X,
        rows["y"] / _EXACT_X,
        rows["size"] / _EXACT_SIZES,
        rows["turn"] * (360 / _EXACT_TURNS),
    )
    return np.stack(columns, axis=1).astype(np.float32)

"""Registries of details to ask: those of real photos, each again and again with other bits and its places moved."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from bench.index.data import TODAY, protections
from matching.hashing.details import COARSE, VERSION, Details, coarse_places
from matching.index.details_rule import permuted
from matching.index.details_segment import DetailsSegment, Rules, plain_block
from matching.index.segment import Claims, halves

FLIPS: Final = (3, 4, 4, 5)  # one bit of 2 ** n of a neighbour is another: buckets are then nearly as full as real ones


@dataclass(frozen=True, slots=True)
class Registry:
    """Of `size` photos, the real ones first: (n, 2) codes and packed places, and the parts that they are of."""

    size: int
    codes: npt.NDArray[np.uint64]
    places: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.uint16]
    slots: npt.NDArray[np.int64]

    def segment(self, rules: Rules) -> DetailsSegment:
        """As `built` would build it, without a million objects in between."""
        high, low = halves(protections(self.size))
        said = [(TODAY.toordinal(), np.int32), (63, np.uint32), (0, np.uint32), (0, np.uint8)]
        claims = Claims(high, low, *(np.full(self.size, value, kind) for value, kind in said))
        codes = permuted(self.codes, rules.tables)
        slots = self.slots.astype(np.uint32)
        return DetailsSegment(claims, plain_block(codes, self.places, self.counts, self.sizes, slots))

    def photos(self) -> Iterator[tuple[UUID, Details]]:
        """Each by itself."""
        starts = np.concatenate([[0], np.cumsum(self.counts)])
        for number, protection in enumerate(protections(self.size)):
            packed = b""
            first, last = np.searchsorted(self.slots, [number, number + 1])
            for part in range(first, last):
                here = slice(starts[part], starts[part + 1])
                rows = np.concatenate([self.codes[here].view(np.uint8).reshape(-1, 16), self.places[here]], axis=1)
                packed += struct.pack(">BHHH", 0, *self.sizes[part].tolist(), len(rows)) + rows.tobytes()
            yield protection, Details.from_bytes(bytes([VERSION, COARSE, last - first]) + packed, coarse=True)


def jittered(stored: list[Details], size: int, random: np.random.Generator) -> Registry:
    parts = [part for details in stored for part in details.parts]
    codes = np.concatenate([part.codes for part in parts])
    places = np.concatenate([coarse_places(part) for part in parts])
    owners = np.repeat(np.arange(len(stored)), [len(details.parts) for details in stored])
    times = -(-size // len(stored))
    slots = np.concatenate([owners + time * len(stored) for time in range(times)])
    slots = slots[slots < size]
    counts = np.tile([len(part) for part in parts], times)[: len(slots)]
    sizes = np.tile(np.array([(part.width, part.height) for part in parts], np.uint16), (times, 1))[: len(slots)]
    total = int(counts.sum())
    all_codes, all_places = np.empty((total, 2), np.uint64), np.empty((total, 2), np.uint8)
    for time in range(times):
        here = slice(time * len(codes), min((time + 1) * len(codes), total))
        length = here.stop - here.start
        all_codes[here], all_places[here] = codes[:length], places[:length]
        if time:
            other = random.integers(0, 1 << 64, (length, 2), np.uint64)
            for _ in range(FLIPS[time % len(FLIPS)] - 1):
                other &= random.integers(0, 1 << 64, (length, 2), np.uint64)
            all_codes[here] ^= other
            all_places[here, 0] ^= random.integers(0, 256, length, np.uint8) & 0x11  # to the next cell, half of them
    return Registry(size, all_codes, all_places, counts, sizes, slots)

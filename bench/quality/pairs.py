"""All photos against all others: how near strangers come. Compiled by numba, since there are billions of pairs."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from bench.quality.tail import FAR
from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.profile import Algorithm
from matching.hashing.rules import TileAgreement
from matching.index.distances import tiled
from matching.index.scan import WORDS, as_words

_STEP: Final = 16  # photos that a thread takes at a time

Nearest = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes of one algorithm, photo after photo: those of photo i are `words[starts[i]:starts[i + 1]]`."""

    words: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, fingerprints: Sequence[Fingerprint], algorithm: str) -> "Codes":
        held: list[Hash] = []
        starts = [0]
        for fingerprint in fingerprints:
            held += [item for item in fingerprint.hashes if item.algorithm == algorithm]
            starts.append(len(held))
        return cls(as_words(held), np.array(starts, np.int64))

    def __len__(self) -> int:
        return len(self.starts) - 1


def nearest(algorithm: Algorithm, stored: Sequence[Fingerprint], asked: Sequence[Fingerprint], title: str) -> Nearest:
    """The smallest distance of each asked photo to each stored one, (asked, stored) uint8; of bits at most `FAR`.

    The candidate rule is left out: what is beyond the thresholds matters for the tail, and within them it finds all.
    """
    kept, queries = Codes.of(stored, algorithm.name), Codes.of(asked, algorithm.name)
    found = np.full((len(queries), len(kept)), FAR, np.uint8)
    work = _work_of(algorithm, kept, queries, found)
    places = range(0, len(queries), _STEP)
    with ThreadPoolExecutor(os.cpu_count()) as pool, tqdm(total=len(queries), desc=title, unit="photo") as progress:
        for _ in pool.map(lambda first: work(first, min(first + _STEP, len(queries))), places):
            progress.update(min(_STEP, len(queries) - progress.n))
    return found


def _work_of(algorithm: Algorithm, kept: Codes, queries: Codes, found: Nearest) -> Callable[[int, int], None]:
    comparison = algorithm.comparison
    if isinstance(comparison, TileAgreement):
        stored, asked = (_as_tiles(codes.words[:, :WORDS], comparison) for codes in (kept, queries))
        worth, detail = _tables(comparison)
        return lambda first, last: _by_tiles()(
            stored, kept.starts, asked, queries.starts, worth, detail, comparison.full, first, last, found
        )
    texture = comparison.texture
    stored, asked = (
        np.concatenate([codes.words[:, :WORDS], _as_tiles(codes.words[:, WORDS:], texture)], axis=1)
        for codes in (kept, queries)
    )
    worth, detail = _tables(texture)
    return lambda first, last: _by_bits()(
        stored, kept.starts, asked, queries.starts, worth, detail, texture.full, comparison.share, first, last, found
    )


def _as_tiles(words: npt.NDArray[np.uint64], comparison: TileAgreement) -> npt.NDArray[np.uint64]:
    """Four tiles of 16 bits in each word."""
    return np.ascontiguousarray(tiled(words, comparison)).view(np.uint64)


@cache
def _tables(comparison: TileAgreement) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Worth by flips 0..16, and detail by tile 0..65535, by the profile's own words."""
    worth = np.zeros(17, np.int64)
    worth[: len(comparison.worth)] = comparison.worth
    return worth, np.array([comparison.detail(tile) for tile in range(1 << 16)], np.int64)


@cache
def _ones() -> Any:
    @numba.njit(inline="always")
    def ones(word):  # type: ignore[no-untyped-def]
        word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
        word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
        word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
        return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)

    return ones


@cache
def _agreement() -> Any:
    """Of stored code k and asked code q, whose tiles begin at word `place`."""

    @numba.njit(inline="always")
    def lanes(word):  # type: ignore[no-untyped-def]
        word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
        word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
        word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
        return (word + (word >> np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)

    @numba.njit
    def agreement(kept, k, asked, q, place, worth, detail):  # type: ignore[no-untyped-def]
        total = 0
        for word in range(place, place + 4):
            flips = lanes(kept[k, word] ^ asked[q, word])
            for lane in range(4):
                shift = np.uint64(16 * lane)
                value = worth[(flips >> shift) & np.uint64(0xFF)]
                if value:
                    total += value * detail[(kept[k, word] >> shift) & np.uint64(0xFFFF)]
        return total

    return agreement


@cache
def _by_bits() -> Any:
    ones, agreement = _ones(), _agreement()

    @numba.njit(nogil=True)
    def by_bits(  # type: ignore[no-untyped-def]
        kept, kept_starts, asked, asked_starts, worth, detail, full, share, first, last, found
    ):
        for query in range(first, last):
            for photo in range(len(kept_starts) - 1):
                least = np.uint64(FAR)
                for k in range(kept_starts[photo], kept_starts[photo + 1]):
                    a, b, c, d = kept[k, 0], kept[k, 1], kept[k, 2], kept[k, 3]
                    for q in range(asked_starts[query], asked_starts[query + 1]):
                        bits = ones(a ^ asked[q, 0]) + ones(b ^ asked[q, 1])
                        bits += ones(c ^ asked[q, 2]) + ones(d ^ asked[q, 3])
                        if bits < least:
                            lacking = max(0, full - agreement(kept, k, asked, q, 4, worth, detail))
                            least = min(least, bits + np.uint64((lacking + share - 1) // share))
                found[query, photo] = least

    return by_bits


@cache
def _by_tiles() -> Any:
    agreement = _agreement()

    @numba.njit(nogil=True)
    def by_tiles(  # type: ignore[no-untyped-def]
        kept, kept_starts, asked, asked_starts, worth, detail, full, first, last, found
    ):
        for query in range(first, last):
            for photo in range(len(kept_starts) - 1):
                most = np.int64(0)
                for k in range(kept_starts[photo], kept_starts[photo + 1]):
                    for q in range(asked_starts[query], asked_starts[query + 1]):
                        most = max(most, agreement(kept, k, asked, q, 0, worth, detail))
                found[query, photo] = max(0, full - most)

    return by_tiles

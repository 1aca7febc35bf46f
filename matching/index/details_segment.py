"""An immutable part of the details index: flat arrays of claims, parts and keypoints, in memory of any kind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from matching.hashing.details import Details, coarse_places
from matching.hashing.details_profile import VETO_DETAILS_1, DetailsProfile
from matching.index import details_kernels as kernels
from matching.index.details_rule import permuted, rule_of, tables
from matching.index.interface import Claim
from matching.index.segment import (
    Array,
    Booleans,
    Bytes,
    Claimed,
    Indices,
    Numbers,
    Words,
    claim_arrays,
    claims_in,
    columns,
    frozen,
    joined_claims,
)

Kinds = dict[str, tuple[str, tuple[int, ...]]]
Sizes = npt.NDArray[np.uint16]
Put = Iterable[tuple[Claim, Details | None]]


class Block(NamedTuple):
    """Keypoints in the order of their parts, and those in the order of their slots.

    `codes` (n, 2) are permuted, `places` (n, 2) packed as they are kept. Part p has the keypoints from `starts[p]` to
    `starts[p + 1]`, `sizes[p]` (width, height), and belongs to the claim in `slots[p]`. `offsets` (bands, buckets + 1)
    lead into `postings` (bands, n), which are numbers of keypoints, sorted by the first bits of the key that the band
    has there: as many that a bucket has a few. Both are empty until they are filled.
    """

    codes: Words
    places: Bytes
    starts: Numbers
    sizes: Sizes
    slots: Numbers
    offsets: Numbers
    postings: Numbers


class Rules:
    """The profile that an index knows, with what its kernels need of it."""

    name: Final = "details"

    def __init__(self, profile: DetailsProfile = VETO_DETAILS_1) -> None:
        self.profiles = (profile,)
        self.rule = rule_of(profile)
        self.tables = tables(profile)

    def shift(self, codes: int) -> int:
        """How many bits of a key lead to no bucket of their own: of so many codes each has two to four, if not more."""
        return max(0, self.rule.band_bits - max(0, codes.bit_length() - 2))

    def keys(self, codes: Words) -> Indices:
        """The key that each band has there, (bands, n)."""
        rule = self.rule
        shifts = [np.uint64(band % rule.to_a_word * rule.band_bits) for band in range(rule.bands)]
        words = [codes[:, band // rule.to_a_word] >> shift for band, shift in enumerate(shifts)]
        return np.array(words).astype(np.int64) & (1 << rule.band_bits) - 1

    def arrays_of(self, segment: "DetailsSegment") -> dict[str, Array]:
        missing = self.to_fill(segment)
        return claim_arrays(segment) | {n: each for n, each in segment.block._asdict().items() if n not in missing}

    def to_fill(self, segment: "DetailsSegment") -> Kinds:
        """The buckets, if it has none yet."""
        if not segment.plain:
            return {}
        buckets = 1 << self.rule.band_bits - self.shift(len(segment))
        return {
            "offsets": ("<u4", (self.rule.bands, buckets + 1)),
            "postings": ("<u4", (self.rule.bands, len(segment))),
        }

    def fill(self, arrays: dict[str, Array]) -> None:
        codes = frozen(arrays["codes"])
        kernels.fill(codes, self.rule, self.shift(len(codes)), arrays["offsets"], arrays["postings"])

    def segment_of(self, arrays: dict[str, Array]) -> "DetailsSegment":
        return DetailsSegment(claims_in(arrays), Block(*(frozen(arrays[name]) for name in Block._fields)))

    def ready(self, segment: "DetailsSegment") -> "DetailsSegment":
        """The same with buckets, in this process's memory where it has none yet."""
        if not segment.plain:
            return segment
        made = {name: np.zeros(shape, kind) for name, (kind, shape) in self.to_fill(segment).items()}
        arrays = self.arrays_of(segment) | made
        self.fill(arrays)
        return self.segment_of(arrays)


@dataclass(frozen=True, slots=True)
class DetailsSegment(Claimed):
    """Claims, and the parts of their pictures."""

    block: Block

    def __len__(self) -> int:
        return len(self.block.codes)

    @property
    def plain(self) -> bool:
        return not len(self.block.offsets)

    def codes_of(self, these: Indices) -> int:
        first, last = self._ranges(these)
        return int((last - first).sum())

    def codes_in(self, these: Indices) -> Words:
        """The codes of these claims."""
        return np.concatenate([self.block.codes[first:last] for first, last in zip(*self._ranges(these), strict=True)])

    def _ranges(self, these: Indices) -> tuple[Indices, Indices]:
        slots, starts = these.astype(np.uint32), self.block.starts
        first, last = (np.searchsorted(self.block.slots, slots, side) for side in ("left", "right"))
        return starts[first].astype(np.int64), starts[last].astype(np.int64)


class Gone(NamedTuple):
    """How many codes of the claims that are gone lay in each large bucket.

    A bucket is told by its band and where it begins in the band's postings, in one number; they are in order.
    """

    buckets: Indices
    counts: Indices

    @classmethod
    def none_yet(cls, block: Block, large: int) -> "Gone":
        """Nothing is gone; only of buckets with more than so many codes."""
        found = [np.flatnonzero(np.diff(of_band.astype(np.int64)) > large) for of_band in block.offsets]
        buckets = [bucket_at(band, block.offsets[band, at]) for band, at in enumerate(found)]
        every = np.concatenate(buckets)
        return cls(every, np.zeros(len(every), np.int64))

    def more(self, block: Block, keys: Indices) -> "Gone":
        """The same when codes are gone too that have these `keys`, (bands, n)."""
        also = np.concatenate([bucket_at(band, block.offsets[band, of_band]) for band, of_band in enumerate(keys)])
        at, known = self._places(also)
        return self._replace(counts=self.counts + np.bincount(at[known], minlength=len(self.counts)))

    def of(self, buckets: Indices) -> Indices:
        """How many of each of these, which are large."""
        return self.counts[self._places(buckets)[0]]

    def _places(self, buckets: Indices) -> tuple[Indices, Booleans]:
        at = np.searchsorted(self.buckets, buckets)
        at = np.minimum(at, max(0, len(self.buckets) - 1))
        return at, self.buckets[at] == buckets if len(self.buckets) else np.zeros(len(buckets), np.bool_)


def bucket_at(band: int | Indices, begins: Numbers) -> Indices:
    return np.asarray(band << 32 | begins.astype(np.int64))


_NONE: Final = frozen(np.empty((0, 0), np.uint32))


def plain_block(codes: Words, places: Bytes, counts: Sequence[int] | Numbers, sizes: Sizes, slots: Numbers) -> Block:
    """Parts with so many keypoints each, without buckets. Raises ValueError for more than numbers of 32 bits count."""
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    if starts[-1] >= 1 << 32:
        raise ValueError(f"{starts[-1]} keypoints are more than one segment holds")
    return Block(
        frozen(codes), frozen(places), frozen(starts.astype(np.uint32)), frozen(sizes), frozen(slots), _NONE, _NONE
    )


def gathered(put: Put, rules: Rules) -> DetailsSegment:
    """Claims with the parts of their pictures in order, without buckets. No protection may be there twice."""
    kept = sorted(
        ((claim, details) for claim, details in put if details is not None), key=lambda one: one[0].protection.bytes
    )
    parts = [part for _, details in kept for part in details.parts]
    slots = [slot for slot, (_, details) in enumerate(kept) for _ in details.parts]
    codes = np.concatenate([np.empty((0, 2), np.uint64), *(part.codes for part in parts)])
    return DetailsSegment(
        columns([claim for claim, _ in kept], [0] * len(kept)),
        plain_block(
            permuted(codes, rules.tables),
            np.concatenate([np.empty((0, 2), np.uint8), *map(coarse_places, parts)]),
            [len(part) for part in parts],
            np.array([(part.width, part.height) for part in parts], np.uint16).reshape(-1, 2),
            np.array(slots, np.uint32),
        ),
    )


def joined(parts: Sequence[tuple[DetailsSegment, Booleans]]) -> DetailsSegment:
    """One segment of those claims of several that are alive, in order, without buckets. None is alive twice."""
    claims, kept, places = joined_claims(parts)
    slots, counts, sizes, sources = [], [], [], []
    for (segment, alive), old, new in zip(parts, kept, places, strict=True):
        block = segment.block
        new_slot = np.zeros(len(alive), np.uint32)
        new_slot[old] = new
        stands = np.flatnonzero(alive[block.slots])
        slots.append(new_slot[block.slots[stands]])
        counts.append(np.diff(block.starts)[stands])
        sizes.append(block.sizes[stands])
        sources.append(stands)
    order = np.argsort(np.concatenate(slots), kind="stable")
    all_counts = np.concatenate(counts)[order]
    first = np.empty(len(order), np.int64)  # of each part, where it goes
    first[order] = np.cumsum(all_counts, dtype=np.int64) - all_counts
    codes = np.empty((int(all_counts.sum(dtype=np.int64)), 2), np.uint64)
    packed = np.empty((len(codes), 2), np.uint8)
    begin = 0
    for (segment, _), stands in zip(parts, sources, strict=True):
        block = segment.block
        kernels.copy(block.codes, block.places, block.starts, stands, first[begin : begin + len(stands)], codes, packed)
        begin += len(stands)
    return DetailsSegment(
        claims, plain_block(codes, packed, all_counts, np.concatenate(sizes)[order], np.concatenate(slots)[order])
    )


def built(batches: Iterable[Put], rules: Rules) -> DetailsSegment:
    """One segment of everything that is put, without buckets. No protection may come twice."""
    read = [gathered(batch, rules) for batch in batches] or [gathered([], rules)]
    return joined([(part, np.ones(len(part.claims.high), np.bool_)) for part in read])

"""The plain index of details: retrieval by bands, then verification. Its answers are the oracle for faster ones.

Immutable blocks, each about twice as large as the next: what comes is a block of its own, and blocks of one size become
one, without what is gone since (as in a log-structured merge tree: O'Neil et al. 1996).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt

from matching.hashing.details import CODE_BYTES, Codes, Details, Part
from matching.hashing.details_profile import VETO_DETAILS_1, DetailsProfile, bit_order
from matching.index.agreement import agreement
from matching.index.interface import Claim, Hit

ALGORITHM: Final = "details"

Keys = npt.NDArray[np.uint32]
Indices = npt.NDArray[np.intp]
Booleans = npt.NDArray[np.bool_]


class Entry(NamedTuple):
    """A stored part, and the claim that it belongs to in its slot."""

    slot: int
    claim: Claim
    part: Part


def keys_of(codes: Codes, profile: DetailsProfile) -> Keys:
    """The bits of each band as a number: (n, 2) codes to (bands, n)."""
    rule = profile.retrieval
    bits = np.unpackbits(codes.view(np.uint8).reshape(-1, CODE_BYTES), axis=1)
    banded = bits[:, bit_order(profile.name)[: rule.bands * rule.band_bits]].reshape(-1, rule.bands, rule.band_bits)
    weights = 1 << np.arange(rule.band_bits, dtype=np.uint32)
    return np.ascontiguousarray((banded @ weights).T.astype(np.uint32))


@dataclass(frozen=True, slots=True)
class Block:
    """Parts, and their codes in the order of each band's keys: `keys` and `order` are (bands, n), sorted by key."""

    entries: Sequence[Entry]
    codes: Codes
    entry_of: npt.NDArray[np.int32]
    slot_of: npt.NDArray[np.int32]
    keys: Keys
    order: npt.NDArray[np.intp]

    @classmethod
    def of(cls, entries: Sequence[Entry], profile: DetailsProfile) -> "Block":
        sizes = [len(entry.part) for entry in entries]
        codes = np.concatenate([np.empty((0, 2), np.uint64), *(entry.part.codes for entry in entries)])
        entry_of = np.repeat(np.arange(len(entries), dtype=np.int32), sizes)
        slot_of = np.repeat(np.array([entry.slot for entry in entries], np.int32), sizes)
        keys = keys_of(codes, profile)
        order = np.argsort(keys, axis=1, kind="stable")
        return cls(entries, codes, entry_of, slot_of, np.take_along_axis(keys, order, axis=1), order)

    def __len__(self) -> int:
        return len(self.codes)

    def ranges(self, asked: Keys) -> tuple[Indices, Indices]:
        """Where the codes with these keys, (bands, q), are in `order`: from and to, (bands, q) each."""
        found = [
            (np.searchsorted(keys, wanted, "left"), np.searchsorted(keys, wanted, "right"))
            for keys, wanted in zip(self.keys, asked, strict=True)
        ]
        return np.stack([low for low, _ in found]), np.stack([high for _, high in found])


@dataclass(frozen=True, slots=True)
class State:
    """One moment of the index. `alive[slot]` says whether the claim in that slot still stands."""

    blocks: tuple[Block, ...]
    alive: Booleans
    codes: int  # of claims that stand


class PlainDetailsIndex:
    """Implements `DetailsIndex`. Each `apply` makes a new state and puts it in place whole."""

    def __init__(self, profile: DetailsProfile = VETO_DETAILS_1) -> None:
        self._profile = profile
        self._state = State((), np.empty(0, np.bool_), 0)
        self._slot_of: dict[UUID, tuple[int, int]] = {}  # and how many codes it has

    def __len__(self) -> int:
        return self._state.codes

    def apply(self, put: Iterable[tuple[Claim, Details | None]], remove: Iterable[UUID]) -> None:
        state = self._state
        kept = [(claim, details) for claim, details in put]
        first = len(state.alive)
        alive = np.concatenate([state.alive, np.ones(len(kept), np.bool_)])
        codes = state.codes
        entries = []
        for protection in remove:
            codes -= self._forget(protection, alive)
        for slot, (claim, details) in enumerate(kept, first):
            codes -= self._forget(claim.protection, alive)
            if details is not None:
                self._slot_of[claim.protection] = slot, len(details)
                codes += len(details)
                entries += [Entry(slot, claim, part) for part in details.parts]
        blocks = state.blocks
        if entries:
            blocks = (*blocks, Block.of(entries, self._profile))
            while len(blocks) > 1 and len(blocks[-2]) <= 2 * len(blocks[-1]):
                standing = [entry for block in blocks[-2:] for entry in block.entries if alive[entry.slot]]
                blocks = (*blocks[:-2], Block.of(standing, self._profile))
        self._state = State(blocks, alive, codes)

    def _forget(self, protection: UUID, alive: Booleans) -> int:
        slot, codes = self._slot_of.pop(protection, (None, 0))
        if slot is not None:
            alive[slot] = False
        return codes

    def search(self, asked: Details) -> list[Hit]:
        state, profile = self._state, self._profile
        nearest: dict[Claim, int] = {}
        for part in asked.parts:
            for view in (part, part.mirrored()):
                for entry in self._candidates(state, view):
                    found = agreement(view, entry.part, profile.verification)
                    distance = found.distance(profile.verification) if found else profile.verification.full
                    nearest[entry.claim] = min(distance, nearest.get(entry.claim, distance))
        return [
            Hit(claim, profile.name, ALGORITHM, distance)
            for claim, distance in nearest.items()
            if distance <= profile.thresholds.possible
        ]

    def _candidates(self, state: State, view: Part) -> list[Entry]:
        """The stored parts that the most keypoints of this one answer, see `Retrieval`."""
        rule = self._profile.retrieval
        keys = keys_of(view.codes, self._profile)
        ranges = [block.ranges(keys) for block in state.blocks]
        heavy = self._heavy(state, ranges, keys.shape)
        voted: list[tuple[int, int, Entry]] = []
        for block, (low, high) in zip(state.blocks, ranges, strict=True):
            pairs = np.concatenate(list(chain(_answering(block, low, np.where(heavy, low, high)))), axis=1)
            q, code = np.unique(pairs, axis=1)
            near = np.bitwise_count(view.codes[q] ^ block.codes[code]).sum(axis=1) <= rule.bits
            near &= state.alive[block.slot_of[code]]
            answered = np.unique(np.stack([block.entry_of[code[near]], q[near]]), axis=1)[0]
            entries, votes = np.unique(answered, return_counts=True)
            voted += [
                (-count, block.entries[entry].slot, block.entries[entry])
                for entry, count in zip(entries.tolist(), votes.tolist(), strict=True)
                if count >= rule.votes
            ]
        voted.sort(key=lambda item: item[:2])
        return [entry for _, _, entry in voted[: rule.most]]

    def _heavy(self, state: State, ranges: Sequence[tuple[Indices, Indices]], shape: tuple[int, ...]) -> Booleans:
        """Which buckets, (bands, q), hold too many codes of claims that stand."""
        rule = self._profile.retrieval
        limit = max(rule.heavy, rule.heavy_share * state.codes)
        size = sum((high - low for low, high in ranges), np.zeros(shape, np.intp))
        heavy = size > limit
        for band, q in zip(*np.nonzero(heavy), strict=True):  # some of them may be gone
            standing = sum(
                int(state.alive[block.slot_of[block.order[band, low[band, q] : high[band, q]]]].sum())
                for block, (low, high) in zip(state.blocks, ranges, strict=True)
            )
            heavy[band, q] = standing > limit
        return heavy


def _answering(block: Block, low: Indices, high: Indices) -> Iterator[Indices]:
    """The pairs of asked keypoint and code in each band's ranges, as (2, k)."""
    yield np.empty((2, 0), np.intp)
    for order, start, stop in zip(block.order, low, high, strict=True):
        lengths = stop - start
        q = np.repeat(np.arange(len(start)), lengths)
        within = np.arange(len(q)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        yield np.stack([q, order[np.repeat(start, lengths) + within]])

"""The plain index of details: retrieval by bands, then verification. Its answers are the oracle for faster ones.

Immutable blocks, each about twice as large as the next: what comes is a block of its own, and blocks of one size become
one, without what is gone since (as in a log-structured merge tree: O'Neil et al. 1996).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt

from matching.hashing.details import CODE_BYTES, Codes, Details, Part
from matching.hashing.details_profile import VETO_DETAILS_1, DetailsProfile, bit_order
from matching.index.agreement import agreement
from matching.index.interface import Claim, Hit

ALGORITHM: Final = "details"
FEW: Final = 1024  # claims below which the codes of the dead are not worth clearing away

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
        self._places: dict[UUID, tuple[int, int]] = {}  # of a claim that stands: its slot, and how many codes it has

    def __len__(self) -> int:
        return self._state.codes

    def apply(self, put: Iterable[tuple[Claim, Details | None]], remove: Iterable[UUID]) -> None:
        state, profile = self._state, self._profile
        new = {claim.protection: (claim, details) for claim, details in put}  # of one that comes twice the last
        gone = {*remove, *new}
        kept = [(claim, details) for claim, details in new.values() if details is not None]
        first = len(state.alive)
        places = {claim.protection: (slot, len(details)) for slot, (claim, details) in enumerate(kept, first)}
        alive = np.concatenate([state.alive, np.ones(len(kept), np.bool_)])
        codes = state.codes + sum(count for _, count in places.values())
        for slot, count in (self._places[protection] for protection in gone if protection in self._places):
            alive[slot] = False
            codes -= count
        blocks = state.blocks
        if kept:
            numbered = enumerate(kept, first)
            entries = [Entry(slot, claim, part) for slot, (claim, details) in numbered for part in details.parts]
            blocks = (*blocks, Block.of(entries, profile))
            while len(blocks) > 1 and len(blocks[-2]) <= 2 * len(blocks[-1]):
                blocks = (*blocks[:-2], Block.of(standing(blocks[-2:], alive), profile))
        # Until here nothing has changed, so that an `apply` that failed can be repeated.
        for protection in gone:
            self._places.pop(protection, None)
        self._places.update(places)
        self._state = State(blocks, alive, codes)
        self._clear_away_the_dead()

    def _clear_away_the_dead(self) -> None:
        """Their codes and slots, once they are more than the others; what stands is then one block."""
        state = self._state
        if len(state.alive) < FEW or 2 * len(self._places) >= len(state.alive):
            return
        new_slot = (np.cumsum(state.alive) - 1).tolist()
        entries = [entry._replace(slot=new_slot[entry.slot]) for entry in standing(state.blocks, state.alive)]
        block = Block.of(entries, self._profile)
        self._places = {protection: (new_slot[slot], count) for protection, (slot, count) in self._places.items()}
        self._state = State((block,), np.ones(len(self._places), np.bool_), state.codes)

    def search(self, asked: Details) -> list[Hit]:
        state, profile = self._state, self._profile
        rule = profile.verification
        views = [view for part in asked.parts for view in (part, part.mirrored())]
        voted = [(*found, view) for view in views for found in self._candidates(state, view)]
        # By nothing that depends on what came when.
        voted.sort(key=lambda found: (-found[0], found[1].claim.protection))
        nearest: dict[Claim, int] = {}
        for _, (_, claim, part), view in voted[: profile.retrieval.most]:
            if found := agreement(view, part, rule):
                nearest[claim] = min(found.distance(rule), nearest.get(claim, rule.full))
        return [
            Hit(claim, profile.name, ALGORITHM, distance)
            for claim, distance in nearest.items()
            if distance <= profile.thresholds.possible
        ]

    def _candidates(self, state: State, view: Part) -> Iterator[tuple[int, Entry]]:
        """The stored parts that enough keypoints of this one answer, with how many; see `Retrieval`."""
        rule = self._profile.retrieval
        keys = keys_of(view.codes, self._profile)
        ranges = [block.ranges(keys) for block in state.blocks]
        heavy = self._heavy(state, ranges, keys.shape)
        for block, (low, high) in zip(state.blocks, ranges, strict=True):
            answered = [np.empty(0, np.int64)]
            for q, code in _answering(block, low, np.where(heavy, low, high)):
                near = np.bitwise_count(view.codes[q] ^ block.codes[code]).sum(axis=1) <= rule.bits
                near &= state.alive[block.slot_of[code]]
                answered.append(block.entry_of[code[near]].astype(np.int64) * len(view) + q[near])
            once = np.unique(np.concatenate(answered)) // max(1, len(view))
            entries, votes = np.unique(once, return_counts=True)
            for entry in np.flatnonzero(votes >= rule.votes).tolist():
                yield int(votes[entry]), block.entries[entries[entry]]

    def _heavy(self, state: State, ranges: Sequence[tuple[Indices, Indices]], shape: tuple[int, ...]) -> Booleans:
        """Which buckets, (bands, q), hold too many codes of claims that stand."""
        rule = self._profile.retrieval
        limit = max(rule.heavy, rule.heavy_share * state.codes)
        size = sum((high - low for low, high in ranges), np.zeros(shape, np.intp))
        heavy = size > limit
        for band, q in zip(*np.nonzero(heavy), strict=True):  # some of them may be gone
            holding = sum(
                int(state.alive[block.slot_of[block.order[band, low[band, q] : high[band, q]]]].sum())
                for block, (low, high) in zip(state.blocks, ranges, strict=True)
            )
            heavy[band, q] = holding > limit
        return heavy


def standing(blocks: Iterable[Block], alive: Booleans) -> list[Entry]:
    """The entries of claims that still stand."""
    return [entry for block in blocks for entry in block.entries if alive[entry.slot]]


def _answering(block: Block, low: Indices, high: Indices) -> Iterator[tuple[Indices, Indices]]:
    """The pairs of asked keypoint and code in the ranges of each band."""
    for order, start, stop in zip(block.order, low, high, strict=True):
        lengths = stop - start
        q = np.repeat(np.arange(len(start)), lengths)
        within = np.arange(len(q)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        yield q, order[np.repeat(start, lengths) + within]

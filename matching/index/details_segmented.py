"""The index of details that answers: segments as those of frame hashes, and votes over all of them together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt

from matching.hashing.details import Details, Part
from matching.hashing.details_profile import VETO_DETAILS_1, DetailsProfile
from matching.index import details_kernels as kernels
from matching.index.agreement_kernels import verify
from matching.index.details_rule import permuted
from matching.index.details_segment import DetailsSegment, Gone, Rules, bucket_at, gathered, joined
from matching.index.interface import Claim, Hit
from matching.index.segment import Booleans, Indices, Numbers, Words, frozen
from matching.index.segmented import Part as Piece
from matching.index.segmented import Segmented

ALGORITHM: Final = "details"

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class View:
    """An asked part or its mirror image as the kernels take it: codes both as (n, 2) and as (2, n)."""

    codes: Words
    across: Words
    places: npt.NDArray[np.float64]
    width: int
    height: int

    @classmethod
    def of(cls, part: Part, rules: Rules) -> "View":
        codes = permuted(part.codes, rules.tables)
        return cls(frozen(codes), frozen(codes.T), frozen(part.places.astype(np.float64)), part.width, part.height)


class Candidates(NamedTuple):
    """Stored parts of one piece that a view's keypoints answer, with how many."""

    view: int
    piece: int
    parts: Integers
    votes: Integers


class SegmentedDetailsIndex(Segmented[DetailsSegment, Details | None]):
    """Implements `DetailsIndex`."""

    def __init__(self, profile: DetailsProfile = VETO_DETAILS_1) -> None:
        super().__init__()
        self._rules = Rules(profile)
        self._profile = profile

    @classmethod
    def of(cls, segment: DetailsSegment, rules: Rules) -> "SegmentedDetailsIndex":
        """One that holds this segment."""
        index = cls(*rules.profiles)
        index._hold(rules.ready(segment))
        return index

    def _gathered(self, put: Iterable[tuple[Claim, Details | None]]) -> DetailsSegment:
        return self._ready(gathered(put, self._rules))

    def _joined(self, parts: Sequence[Piece[DetailsSegment]]) -> DetailsSegment:
        return joined([(part.segment, part.alive) for part in parts])

    def _ready(self, segment: DetailsSegment) -> DetailsSegment:
        return self._rules.ready(segment)

    def search(self, asked: Details) -> list[Hit]:
        profile, pieces = self._profile, self._state.parts
        views = [View.of(view, self._rules) for part in asked.parts for view in (part, part.mirrored())]
        voted = [found for number, view in enumerate(views) for found in self._candidates(pieces, number, view)]
        nearest: dict[tuple[int, int], int] = {}
        for one in self._most_voted(pieces, voted):
            view, segment = views[one.view], pieces[one.piece].segment
            distances = np.empty(len(one.parts), np.int64)
            block = segment.block
            verify(
                view.across, view.places, view.width, view.height,
                block.codes, block.places, block.sizes, block.starts, one.parts, self._rules.rule, distances,
            )  # fmt: skip
            for slot, distance in zip(block.slots[one.parts].tolist(), distances.tolist(), strict=True):
                nearest[one.piece, slot] = min(distance, nearest.get((one.piece, slot), distance))
        return [
            Hit(pieces[piece].segment.claim(slot), profile.name, ALGORITHM, distance)
            for (piece, slot), distance in nearest.items()
            if distance <= profile.thresholds.possible
        ]

    def _candidates(self, pieces: Sequence[Piece[DetailsSegment]], number: int, view: View) -> Iterator[Candidates]:
        rule, shape = self._rules.rule, (self._rules.rule.bands, len(view.codes))
        ranges = [(np.empty(shape, np.uint32), np.empty(shape, np.uint32)) for _ in pieces]
        for piece, (low, high) in zip(pieces, ranges, strict=True):
            shift = self._rules.shift(len(piece.segment))
            kernels.find(view.codes, piece.segment.block.offsets, rule, shift, low, high)
        heavy = self._heavy(pieces, ranges, view)
        for at, (piece, (low, high)) in enumerate(zip(pieces, ranges, strict=True)):
            block = piece.segment.block
            marks, found = np.zeros(len(block.slots), np.uint32), np.empty(len(block.slots), np.uint32)
            count = kernels.vote(
                view.codes, block.codes, block.starts, block.slots, block.postings, rule,
                low, high, heavy, piece.alive, marks, found,
            )  # fmt: skip
            if count:
                parts = found[:count].astype(np.int64)
                yield Candidates(number, at, parts, (marks[parts] & 0xFFFF).astype(np.int64))

    def _heavy(
        self, pieces: Sequence[Piece[DetailsSegment]], ranges: Sequence[tuple[Numbers, Numbers]], view: View
    ) -> Booleans:
        """Which buckets, (bands, q), hold too many codes of claims that stand, over all pieces."""
        rule, retrieval = self._rules.rule, self._profile.retrieval
        limit = int(max(retrieval.heavy, retrieval.heavy_share * sum(piece.codes for piece in pieces)))
        held = np.zeros((rule.bands, len(view.codes)), np.int64)
        there = [high.astype(np.int64) - low for low, high in ranges]
        unsure = sum(there, held) > limit  # some may be gone, or have another key where a bucket is of several
        if not unsure.any():
            return unsure
        bands = np.arange(rule.bands)[:, None]
        for piece, (low, high), codes in zip(pieces, ranges, there, strict=True):
            block, to_count = piece.segment.block, unsure
            if not self._rules.shift(len(piece.segment)):
                known = unsure & (codes > retrieval.heavy) if piece.gone else unsure
                if piece.gone:
                    codes[known] -= piece.gone.of(bucket_at(bands, low)[known])
                held[known] += codes[known]
                to_count = unsure & ~known
            kernels.count(
                view.codes, block.codes, block.starts, block.slots, block.postings, rule,
                low, high, piece.alive, limit, to_count, held,
            )  # fmt: skip
        return held > limit

    def _gone(self, part: Piece[DetailsSegment], slots: Indices) -> Gone | None:
        segment = part.segment
        if self._rules.shift(len(segment)):
            return None  # so small that what a bucket holds is soon counted
        before = part.gone or Gone.none_yet(segment.block, self._profile.retrieval.heavy)
        return before.more(segment.block, self._rules.keys(segment.codes_in(slots)))

    def _most_voted(self, pieces: Sequence[Piece[DetailsSegment]], voted: Sequence[Candidates]) -> Iterator[Candidates]:
        """Of all these those with the most votes; of equal ones by nothing that depends on what came when."""
        most = self._profile.retrieval.most
        if sum(len(each.parts) for each in voted) <= most:
            yield from voted
            return
        group = np.repeat(np.arange(len(voted)), [len(each.parts) for each in voted])
        parts, votes = (np.concatenate(column) for column in zip(*[each[2:] for each in voted], strict=True))
        view = np.array([each.view for each in voted])[group]
        slots = [pieces[each.piece].segment.block.slots[each.parts] for each in voted]
        high, low = (
            np.concatenate([pieces[each.piece].segment.claims[half][of] for each, of in zip(voted, slots, strict=True)])
            for half in (0, 1)
        )
        chosen = np.lexsort((parts, view, low, high, -votes))[:most]
        for at, each in enumerate(voted):
            these = chosen[group[chosen] == at]
            if len(these):
                yield each._replace(parts=parts[these], votes=votes[these])


@cache
def warm() -> None:
    """Have every kernel ready, compiled or read from where it is kept, so that no question waits for that."""
    random = np.random.default_rng(0)
    places = random.uniform(0, 60, (8, 4)).astype(np.float32)
    part = Part("whole", 64, 64, random.integers(0, 2**64, (8, 2), np.uint64), places)
    for heavy in (0, 1):  # where none may hold anything what they hold is counted
        retrieval = replace(VETO_DETAILS_1.retrieval, heavy=heavy, heavy_share=heavy)
        index = SegmentedDetailsIndex(replace(VETO_DETAILS_1, retrieval=retrieval))
        for number in range(2):  # of two a segment is joined
            index.apply([(Claim(UUID(int=number), 0, 0, date.min), Details((part,)))], [])
        index.search(Details((part,)))

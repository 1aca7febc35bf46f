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
from matching.index.details_shares import Crowd, Judged, Ranks, Sizes, best, limit_of
from matching.index.interface import Claim, Hit
from matching.index.segment import Booleans, Indices, Numbers, Words, frozen
from matching.index.segmented import Part as Piece
from matching.index.segmented import Segmented

ALGORITHM: Final = "details"

Integers = npt.NDArray[np.int64]
Range = tuple[Numbers, Numbers]  # from and to of buckets, (bands, q) each


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

    def shape(self, rules: Rules) -> tuple[int, int]:
        """Of what is known for each band and asked code."""
        return rules.rule.bands, len(self.codes)


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

    def _views(self, asked: Details) -> list[View]:
        return [View.of(view, self._rules) for part in asked.parts for view in (part, part.mirrored())]

    def search(self, asked: Details) -> list[Hit]:
        return best([self.judged(asked)], self._profile.retrieval.most)

    def judged(self, asked: Details, heavy: Sequence[Booleans] | None = None) -> Judged:
        """The candidates that are here, verified.

        `heavy`: of each asked part and its mirror image, (bands, q), where this index holds a share of everything.
        """
        profile, pieces = self._profile, self._state.parts
        views = self._views(asked)
        known: Sequence[Booleans | None] = heavy or [None] * len(views)
        voted = [
            found
            for number, (view, of_it) in enumerate(zip(views, known, strict=True))
            for found in self._candidates(pieces, number, view, of_it)
        ]
        ranks, hits, count = [np.empty((5, 0), np.uint64)], list[tuple[int, Hit]](), 0
        for one, its_ranks in self._most_voted(pieces, voted):
            view, segment = views[one.view], pieces[one.piece].segment
            distances = np.empty(len(one.parts), np.int64)
            block = segment.block
            verify(
                view.across, view.places, view.width, view.height,
                block.codes, block.places, block.sizes, block.starts, one.parts, self._rules.rule, distances,
            )  # fmt: skip
            for at in np.flatnonzero(distances <= profile.thresholds.possible).tolist():
                claim = segment.claim(int(block.slots[one.parts[at]]))
                hits.append((count + at, Hit(claim, profile.name, ALGORITHM, int(distances[at]))))
            ranks.append(its_ranks)
            count += len(one.parts)
        return Judged(np.concatenate(ranks, axis=1), tuple(hits))

    def crowd(self, asked: Details) -> Crowd:
        """How full the buckets are that these details meet here."""
        pieces = self._state.parts
        most = (there(self._ranges(pieces, view), view.shape(self._rules)) for view in self._views(asked))
        return Crowd(tuple(sizes.astype(np.uint32) for sizes in most), sum(piece.codes for piece in pieces))

    def standing(self, asked: Details, unsure: Sequence[Booleans], limit: int) -> tuple[Sizes, ...]:
        """Of the buckets that are `unsure`, how many codes stand in them; above `limit`, that it is above."""
        pieces = self._state.parts
        return tuple(
            self._standing(pieces, self._ranges(pieces, view), view, of_it, limit).astype(np.uint32)
            for view, of_it in zip(self._views(asked), unsure, strict=True)
        )

    def _ranges(self, pieces: Sequence[Piece[DetailsSegment]], view: View) -> list[Range]:
        shape = view.shape(self._rules)
        ranges = [(np.empty(shape, np.uint32), np.empty(shape, np.uint32)) for _ in pieces]
        for piece, (low, high) in zip(pieces, ranges, strict=True):
            shift = self._rules.shift(len(piece.segment))
            kernels.find(view.codes, piece.segment.block.offsets, self._rules.rule, shift, low, high)
        return ranges

    def _candidates(
        self, pieces: Sequence[Piece[DetailsSegment]], number: int, view: View, heavy: Booleans | None = None
    ) -> Iterator[Candidates]:
        rule, ranges = self._rules.rule, self._ranges(pieces, view)
        if heavy is None:
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

    def _heavy(self, pieces: Sequence[Piece[DetailsSegment]], ranges: Sequence[Range], view: View) -> Booleans:
        """Which buckets, (bands, q), hold too many codes of claims that stand, over all pieces."""
        limit = limit_of(self._profile.retrieval, sum(piece.codes for piece in pieces))
        unsure = there(ranges, view.shape(self._rules)) > limit
        return self._standing(pieces, ranges, view, unsure, limit) > limit if unsure.any() else unsure

    def _standing(
        self,
        pieces: Sequence[Piece[DetailsSegment]],
        ranges: Sequence[Range],
        view: View,
        unsure: Booleans,
        limit: int,
    ) -> Integers:
        """See `standing`: some may be gone, or have another key where a bucket is of several."""
        rule = self._rules.rule
        held = np.zeros(unsure.shape, np.int64)
        bands = np.arange(rule.bands)[:, None]
        for piece, (low, high) in zip(pieces, ranges, strict=True):
            block, to_count = piece.segment.block, unsure
            if not self._rules.shift(len(piece.segment)):
                codes = high.astype(np.int64) - low
                known = unsure & (codes > self._profile.retrieval.heavy) if piece.gone else unsure
                if piece.gone:
                    codes[known] -= piece.gone.of(bucket_at(bands, low)[known])
                held[known] += codes[known]
                to_count = unsure & ~known
            kernels.count(
                view.codes, block.codes, block.starts, block.slots, block.postings, rule,
                low, high, piece.alive, limit, to_count, held,
            )  # fmt: skip
        return held

    def _gone(self, part: Piece[DetailsSegment], slots: Indices) -> Gone | None:
        segment = part.segment
        if self._rules.shift(len(segment)):
            return None  # so small that what a bucket holds is soon counted
        before = part.gone or Gone.none_yet(segment.block, self._profile.retrieval.heavy)
        return before.more(segment.block, self._rules.keys(segment.codes_in(slots)))

    def _most_voted(
        self, pieces: Sequence[Piece[DetailsSegment]], voted: Sequence[Candidates]
    ) -> Iterator[tuple[Candidates, Ranks]]:
        """Of all these those with the most votes; of equal ones by nothing that depends on what came when."""
        if not voted:
            return
        ranks = np.concatenate([ranked(pieces[each.piece].segment, each) for each in voted], axis=1)
        ends = np.cumsum([len(each.parts) for each in voted])
        chosen = np.lexsort(ranks)[: self._profile.retrieval.most]
        group = np.searchsorted(ends, chosen, "right")
        for at, each in enumerate(voted):
            these = chosen[group == at]
            if len(these):
                within = these - (ends[at] - len(each.parts))
                yield each._replace(parts=each.parts[within], votes=each.votes[within]), ranks[:, these]


def ranked(segment: DetailsSegment, candidates: Candidates) -> Ranks:
    """See `Judged`: by the most votes, then by ids; of one protection by its parts, which lie in one segment."""
    high, low = segment.claims[:2]
    slots = segment.block.slots[candidates.parts]
    view = np.full(len(slots), candidates.view)
    columns = candidates.parts, view, low[slots], high[slots], np.iinfo(np.int64).max - candidates.votes
    return np.stack([column.astype(np.uint64) for column in columns])


def there(ranges: Sequence[Range], shape: tuple[int, int]) -> Integers:
    """(bands, q) codes that lie in the buckets of all pieces."""
    return sum((high.astype(np.int64) - low for low, high in ranges), np.zeros(shape, np.int64))


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

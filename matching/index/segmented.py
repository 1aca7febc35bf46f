"""The index that answers: segments with buckets, and newer ones that are small, as in a log-structured merge tree.

What is put comes into a segment of its own at the end; what is replaced or removed is marked dead where it is (O'Neil
et al. 1996). `merge` makes one segment of several, without what is dead, while searches and changes go on.
"""

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import numpy as np

from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.profile import Profile
from matching.index import segment as segments
from matching.index.interface import Claim, Hit
from matching.index.segment import (
    Booleans,
    Claimed,
    Indices,
    Key,
    Rules,
    Segment,
    Words,
    frozen,
    gathered,
    halves,
    joined,
)

Held = TypeVar("Held", bound=Claimed)  # the segments of an index
Kept = TypeVar("Kept")  # what is put for a claim

SHARE: Final = 4  # a segment is merged with those after it when it has not so many times their codes


@dataclass(frozen=True, slots=True)
class Part(Generic[Held]):
    """A segment, and which of its claims still stand; `codes` is how many codes those have.

    `gone`: what the index keeps of those that do not, if anything.
    """

    segment: Held
    alive: Booleans
    codes: int
    gone: Any = None

    @classmethod
    def whole(cls, segment: Held) -> "Part[Held]":
        return cls(segment, np.ones(len(segment.claims.high), np.bool_), len(segment))


@dataclass(frozen=True, slots=True)
class State(Generic[Held]):
    """One moment of the index. `kinds` counts the claims that stand by the profiles that they have."""

    parts: tuple[Part[Held], ...]
    kinds: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Merge(Generic[Held]):
    """Parts that should become one; `whole`: all that the index held."""

    parts: tuple[Part[Held], ...]
    whole: bool


class Segmented(ABC, Generic[Held, Kept]):
    """Each change makes a new state and puts it in place whole; a search keeps the one it met."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._merging: frozenset[int] = frozenset()  # the segments that `merge` has in hand, by id
        self._state: State[Held] = State((), {})

    @abstractmethod
    def _gathered(self, put: Iterable[tuple[Claim, Kept]]) -> Held:
        """A segment of these."""

    @abstractmethod
    def _joined(self, parts: Sequence[Part[Held]]) -> Held:
        """One segment of those claims of several that are alive."""

    def _ready(self, segment: Held) -> Held:
        """The same with all that a search needs."""
        return segment

    def _gone(self, part: Part[Held], slots: Indices) -> Any:  # noqa: ARG002
        """What to keep of what is gone from a part, when these of its claims go too."""
        return None

    def _hold(self, segment: Held) -> None:
        """From nothing on."""
        if len(segment.claims.high):
            values, counts = np.unique(segment.claims.profiles, return_counts=True)
            self._state = State((Part.whole(segment),), dict(zip(values.tolist(), counts.tolist(), strict=True)))

    def __len__(self) -> int:
        return sum(part.codes for part in self._state.parts)

    def apply(self, put: Iterable[tuple[Claim, Kept]], remove: Iterable[UUID]) -> None:
        newest = {claim.protection: (claim, kept) for claim, kept in put}
        gone = {*remove, *newest}
        added = self._gathered(newest.values())
        with self._changing:
            kinds = Counter(self._state.kinds)
            high, low = halves(gone)
            parts = [self._without(part, high, low, kinds) for part in self._state.parts]
            kinds.update(added.claims.profiles.tolist())
            if len(added.claims.high):
                parts.append(Part.whole(added))
            self._state = State(self._tidied(parts), +kinds)

    def _tidied(self, parts: Sequence[Part[Held]]) -> tuple[Part[Held], ...]:
        """Small segments as one, so that there are few; but for those that `merge` has in hand."""
        tidied = [part for part in parts if part.alive.any() or id(part.segment) in self._merging]
        while len(tidied) > 1 and sum(len(part.segment) for part in tidied[-2:]) <= segments.FEW:
            if any(id(part.segment) in self._merging for part in tidied[-2:]):
                break
            tidied[-2:] = [Part.whole(self._ready(self._joined(tidied[-2:])))]
        return tuple(tidied)

    def due(self, *, clean: bool = False) -> Merge[Held] | None:
        """The segments that should become one by now, if any; then `merge` or `put_off` must follow.

        `clean`: all of them, where any holds what is gone, so that what was erased does not stay in memory.
        """
        with self._changing:
            parts = self._state.parts
            first = 0 if clean and any(not part.alive.all() for part in parts) else _first_to_merge(parts)
            self._merging = frozenset(id(part.segment) for part in parts[first:])
            return Merge(parts[first:], whole=first == 0) if first < len(parts) else None

    def put_off(self) -> None:
        self._merging = frozenset()

    def merge(self, due: Merge[Held], place: Callable[[Held], Held] = lambda made: made) -> None:
        """Make one segment of several, which may take long; `place` may lay it elsewhere before it is used.

        For one thread at a time, beside any that search and one that applies.
        """
        try:
            merged = self._ready(place(self._joined(due.parts)))
            with self._changing:
                self._state = replace(self._state, parts=self._with(merged, due.parts))
        finally:
            self._merging = frozenset()

    def _with(self, merged: Held, old: Sequence[Part[Held]]) -> tuple[Part[Held], ...]:
        """The present parts with this one in the place of those that it was made of.

        What has gone meanwhile was marked in those; what has come is behind them.
        """
        parts = self._state.parts
        now = {id(part.segment): part for part in parts}
        part = Part.whole(merged)
        for was in old:
            died = was.alive & ~now[id(was.segment)].alive
            part = self._without(part, was.segment.claims.high[died], was.segment.claims.low[died], Counter())
        first = next(at for at, each in enumerate(parts) if id(each.segment) in self._merging)
        return (*parts[:first], *([part] if part.alive.any() else []), *parts[first + len(old) :])

    def _without(self, part: Part[Held], high: Words, low: Words, kinds: Counter[int]) -> Part[Held]:
        """The same without these protections, which no longer count among `kinds`."""
        slots = part.segment.slots_of(high, low)
        slots = slots[part.alive[slots]]
        if not len(slots):
            return part
        alive = part.alive.copy()
        alive[slots] = False
        kinds.subtract(part.segment.claims.profiles[slots].tolist())
        return Part(part.segment, alive, part.codes - part.segment.codes_of(slots), self._gone(part, slots))


class SegmentedIndex(Segmented[Segment, Sequence[Fingerprint]]):
    """Implements `Index`."""

    def __init__(self, *profiles: Profile) -> None:
        """For these profiles; without any, for all that are known."""
        super().__init__()
        self._rules = Rules(*profiles)

    @classmethod
    def of(cls, segment: Segment, rules: Rules) -> "SegmentedIndex":
        """One that holds this segment."""
        index = cls(*rules.profiles)
        index._hold(segment)
        return index

    def _gathered(self, put: Iterable[tuple[Claim, Sequence[Fingerprint]]]) -> Segment:
        return gathered(put, self._rules)

    def _joined(self, parts: Sequence[Part[Segment]]) -> Segment:
        return joined([(part.segment, part.alive) for part in parts], self._rules)

    def search(self, asked: Iterable[Fingerprint]) -> list[Hit]:
        return self.search_each([asked])[0]

    def search_each(self, questions: Sequence[Iterable[Fingerprint]]) -> list[list[Hit]]:
        """All codes of all questions go to a segment's block in one call, which holds no lock."""
        state = self._state
        hits: list[list[Hit]] = [[] for _ in questions]
        for key, (hashes, ends) in self._asked(questions).items():
            words = self._rules.words(key, hashes)
            for part in state.parts:
                found = part.segment.search(key, self._rules.rules[key], *words, frozen(np.array(ends, np.uint32)))
                if not len(found):
                    continue  # as nearly always
                question, slot, distance = found[part.alive[found[:, 1]]].T
                claims = part.segment.claims_of(slot)
                for number, claim, near in zip(question.tolist(), claims, distance.tolist(), strict=True):
                    hits[number].append(Hit(claim, *key, near))
        return hits

    def _asked(self, questions: Sequence[Iterable[Fingerprint]]) -> dict[Key, tuple[list[Hash], list[int]]]:
        """The hashes of all questions by key, and where those of each end."""
        asked: dict[Key, tuple[list[Hash], list[int]]] = {key: ([], []) for key in self._rules.rules}
        for question in questions:
            for fingerprint in question:
                for item in fingerprint.hashes:
                    asked[fingerprint.profile, item.algorithm][0].append(item)
            for hashes, ends in asked.values():
                ends.append(len(hashes))
        return {key: (hashes, ends) for key, (hashes, ends) in asked.items() if hashes}

    def reached_by(self, profiles: Collection[str]) -> bool:
        mask = self._rules.mask(profiles)
        return all(kind & mask for kind in self._state.kinds)


@cache
def warm() -> None:
    """Have every kernel ready, compiled or read from where it is kept, so that no question waits for that."""
    rules = Rules()
    code = Hash("full", "", bytes(32), 100)
    for key, rule in rules.rules.items():
        codes, textures = rules.words(key, [code])
        plain = segments.unsorted(codes, textures, np.zeros(1, np.uint32))
        for block in (plain, plain.with_buckets(rule)):
            held = Segment(segments.EMPTY._replace(high=codes[:, 0]), {key: (block,)})
            held.search(key, rule, codes, textures, frozen(np.ones(1, np.uint32)))


def _first_to_merge(parts: Sequence[Part[Held]]) -> int:
    """From which part on they should become one; their number if from none."""
    first, behind = len(parts), 0
    for place in reversed(range(len(parts))):
        part = parts[place]
        grown = behind > segments.FEW and part.codes < SHARE * behind
        dying = len(part.segment) - part.codes > max(part.codes, segments.FEW)
        if grown or dying or part.segment.plain:
            first = place
        behind += part.codes
    return first

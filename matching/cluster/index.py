"""Indexes in shards, behind the interfaces of those in one process: scatter, gather, and say what is missing.

A protection is in one shard alone, so what the shards find is put together as it is.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final
from uuid import UUID

from matching.cluster.shards import Shards
from matching.hashing.details import Details
from matching.hashing.fingerprint import Fingerprint
from matching.index.interface import Claim, Hit, IncompleteError
from matching.published import Position

ROUND: Final = 50  # questions at once, of 256 hashes at most: some 2 MB, see `shards`


class ShardedIndex:
    """Implements `Index`."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards
        self._reached: dict[frozenset[str], tuple[Position, bool]] = {}

    def apply(self, put: Iterable[tuple[Claim, Sequence[Fingerprint]]], remove: Iterable[UUID]) -> None:
        """Nothing: the shards follow the changes themselves."""

    def search(self, asked: Iterable[Fingerprint]) -> list[Hit]:
        return self.search_each([asked])[0]

    def search_each(self, questions: Sequence[Iterable[Fingerprint]]) -> list[list[Hit]]:
        asked = [list(question) for question in questions]
        rounds = [self._search(asked[start : start + ROUND]) for start in range(0, len(asked), ROUND)]
        hits = [found for of_round, _ in rounds for found in of_round]
        if not all(complete for _, complete in rounds):
            raise IncompleteError(hits)
        return hits

    def _search(self, asked: list[list[Fingerprint]]) -> tuple[list[list[Hit]], bool]:
        """What each finds, and whether all shards have answered."""
        profiles = frozenset(fingerprint.profile for question in asked for fingerprint in question)
        answers, complete = self._ask(profiles, asked)
        return [[hit for _, hits in answers for hit in hits[number]] for number in range(len(asked))], complete

    def _ask(
        self, profiles: frozenset[str], asked: list[list[Fingerprint]]
    ) -> tuple[list[tuple[bool, list[list[Hit]]]], bool]:
        position = self._shards.position()
        answers, complete = self._shards.ask("search", profiles, asked)
        if complete and position is not None:
            self._reached[profiles] = position, all(reached for reached, _ in answers)
        return answers, complete

    def reached_by(self, profiles: Collection[str]) -> bool:
        """What the shards said of a moment that is not before the present one counts: a later search is of a later."""
        names, now = frozenset(profiles), self._shards.position()
        known = self._reached.get(names)
        if known is not None and now is not None and known[0] >= now:
            return known[1]
        answers, complete = self._ask(names, [])
        if not complete:
            raise IncompleteError([])
        return all(reached for reached, _ in answers)

    def __len__(self) -> int:
        """Of the shards that answer."""
        return sum(hashes for hashes, _ in self._shards.ask("size")[0])


class ShardedDetails:
    """Implements `DetailsIndex`. Finds at least what an index of everything finds: see `matching.loading`."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards

    def apply(self, put: Iterable[tuple[Claim, Details | None]], remove: Iterable[UUID]) -> None:
        """Nothing: the shards follow the changes themselves."""

    def search(self, asked: Details) -> list[Hit]:
        answers, complete = self._shards.ask("search_details", asked)
        hits = [hit for found in answers for hit in found]
        if not complete:
            raise IncompleteError([hits])
        return hits

    def __len__(self) -> int:
        """Of the shards that answer."""
        return sum(keypoints for _, keypoints in self._shards.ask("size")[0])

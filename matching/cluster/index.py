"""Indexes in shards, behind the interfaces of those in one process: scatter, gather, and say what is missing."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, Final
from uuid import UUID

from matching.cluster.shards import Shards
from matching.hashing.details import Details
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.fingerprint import Fingerprint
from matching.index.details_shares import Booleans, Crowd, Sizes, added, best, heavy_buckets
from matching.index.interface import Claim, Hit, IncompleteError, nearest
from matching.published import Position

HASHES: Final = 400  # of an argument, about 40 KB: see `shards`
ROUND: Final = 100  # arguments of a question


class ShardedIndex:
    """Implements `Index`. A protection is in one shard alone, so what they find is put together as it is."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards
        self._reached: dict[frozenset[str], tuple[Position, bool]] = {}

    def apply(self, put: Iterable[tuple[Claim, Sequence[Fingerprint]]], remove: Iterable[UUID]) -> None:
        """Nothing: the shards follow the changes themselves."""

    def search(self, asked: Iterable[Fingerprint]) -> list[Hit]:
        return self.search_each([asked])[0]

    def search_each(self, questions: Sequence[Iterable[Fingerprint]]) -> list[list[Hit]]:
        parts = [(number, piece) for number, asked in enumerate(questions) for piece in pieces(asked)]
        profiles = frozenset(part.profile for _, part in parts)
        rounds = [self._search(profiles, parts[start : start + ROUND]) for start in range(0, len(parts), ROUND)]
        found: list[list[Hit]] = [[] for _ in questions]
        for number, hit in (hit for of_round, _ in rounds for hit in of_round):
            found[number].append(hit)
        hits = [nearest(each) for each in found]
        if not all(complete for _, complete in rounds):
            raise IncompleteError(hits)
        return hits

    def _search(
        self, profiles: frozenset[str], parts: Sequence[tuple[int, Fingerprint]]
    ) -> tuple[list[tuple[int, Hit]], bool]:
        """What is found, and whether in all shards."""
        answers, complete = self._shards.ask("search", profiles, *parts)
        if complete:
            held = min(answer.held for answer in answers)
            self._reached[profiles] = held, all(answer.reached for answer in answers)
        return [hit for answer in answers for hit in answer.hits], complete

    def reached_by(self, profiles: Collection[str]) -> bool:
        """Raises IncompleteError.

        What the shards said of a moment that is not before the present one counts: a later search is on a later one.
        """
        names, now = frozenset(profiles), self._shards.position()
        known = self._reached.get(names)
        if known is None or now is None or known[0] < now:
            _, complete = self._search(names, [])
            if not complete:
                raise IncompleteError([])
            known = self._reached[names]
        return known[1]

    def __len__(self) -> int:
        """Of the shards that answer."""
        return sum(hashes for hashes, _ in self._shards.ask("size")[0])


class ShardedDetails:
    """Implements `DetailsIndex`, in rounds: how full buckets are in all shards, what those hold that may be heavy,
    where there are any, and then the search. Each shard verifies as many candidates as one index of everything would;
    of all those the ones that it would verify count.
    """

    def __init__(self, shards: Shards) -> None:
        self._shards = shards

    def apply(self, put: Iterable[tuple[Claim, Details | None]], remove: Iterable[UUID]) -> None:
        """Nothing: the shards follow the changes themselves."""

    def search(self, asked: Details) -> list[Hit]:
        rule, question = VETO_DETAILS_1.retrieval, Rounds(self._shards)
        crowd: Crowd = reduce(Crowd.__add__, question.answers("crowd", *asked.parts))

        def standing(unsure: Sequence[Booleans], limit: int) -> tuple[Sizes, ...]:
            return reduce(added, question.answers("standing", tuple(unsure), limit, *asked.parts))

        heavy = heavy_buckets(crowd, rule, standing)
        hits = best(question.answers("judged", heavy, *asked.parts), rule.most)
        if not question.complete:
            raise IncompleteError([hits])
        return hits

    def __len__(self) -> int:
        """Of the shards that answer."""
        return sum(keypoints for _, keypoints in self._shards.ask("size")[0])


class Rounds:
    """All rounds of a question. `complete`: every shard has answered in each."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards
        self.complete = True

    def answers(self, question: str, *arguments: object) -> list[Any]:
        """Of the shards that answer. Raises IncompleteError where none does."""
        answers, complete = self._shards.ask(question, *arguments)
        self.complete = self.complete and complete
        if not answers:
            raise IncompleteError([])
        return answers


def pieces(asked: Iterable[Fingerprint]) -> Iterator[Fingerprint]:
    """The same in pieces of at most HASHES, which a search puts together again."""
    for fingerprint in asked:
        for start in range(0, len(fingerprint.hashes), HASHES):
            yield replace(fingerprint, hashes=fingerprint.hashes[start : start + HASHES])

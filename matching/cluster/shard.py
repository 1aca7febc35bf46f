"""A shard: one share of the protections, in a process that Ray places on a machine and starts again.

Module of that process, which Ray begins with nothing but its environment. So the keys and the database are those that
the machine was given; Ray carries none of them.
"""

import os
import resource
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar, cast
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import close_old_connections  # noqa: E402

from matching.follower import Follower  # noqa: E402
from matching.hashing.details import Details, Part  # noqa: E402
from matching.hashing.fingerprint import Fingerprint  # noqa: E402
from matching.index.details_segmented import SegmentedDetailsIndex  # noqa: E402
from matching.index.details_shares import Booleans, Crowd, Judged, Sizes  # noqa: E402
from matching.index.interface import Hit  # noqa: E402
from matching.published import Position  # noqa: E402
from matching.share import Share  # noqa: E402

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """`hits`: each with the number of its question. `reached`: whether the asked profiles reach every protection here;
    said of the moment when `held` was.
    """

    held: Position
    reached: bool
    hits: list[tuple[int, Hit]]


class Shard:
    """Every question says up to which change of which sequence it must be answered. None: it cannot be, just now."""

    def __init__(self, number: int, of: int) -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold hashes and keys
        self._follower = Follower(Share(number, of))
        threading.Thread(target=self._follower.run, name="follower", daemon=True).start()

    def search(
        self, lineage: UUID, wanted: Position, profiles: frozenset[str], *asked: tuple[int, Fingerprint]
    ) -> Found | None:
        """`asked`: each with the number of its question."""
        questions: dict[int, list[Fingerprint]] = {}
        for number, fingerprint in asked:
            questions.setdefault(number, []).append(fingerprint)

        def search(follower: Follower, held: Position) -> Found:
            index = follower.index
            reached = index.reached_by(profiles)  # before the search: see there
            hits = index.search_each(list(questions.values()))
            return Found(
                held, reached, [(number, hit) for number, its in zip(questions, hits, strict=True) for hit in its]
            )

        return self._at_least(lineage, wanted, search)

    def crowd(self, lineage: UUID, wanted: Position, *asked: Part) -> Crowd | None:
        return self._at_least(lineage, wanted, lambda follower, _: share(follower).crowd(details(asked)))

    def standing(
        self, lineage: UUID, wanted: Position, unsure: tuple[Booleans, ...], limit: int, *asked: Part
    ) -> tuple[Sizes, ...] | None:
        return self._at_least(
            lineage, wanted, lambda follower, _: share(follower).standing(details(asked), own(unsure), limit)
        )

    def judged(self, lineage: UUID, wanted: Position, heavy: tuple[Booleans, ...], *asked: Part) -> Judged | None:
        return self._at_least(lineage, wanted, lambda follower, _: share(follower).judged(details(asked), own(heavy)))

    def size(self, lineage: UUID, wanted: Position) -> tuple[int, int] | None:
        """How many hashes and keypoints are held."""
        return self._at_least(lineage, wanted, lambda follower, _: (len(follower.index), len(follower.details)))

    def _at_least(self, lineage: UUID, wanted: Position, answer: Callable[[Follower, Position], T]) -> T | None:
        try:
            if not self._follower.holds(lineage, wanted) or (held := self._follower.position) is None:
                return None
            return answer(self._follower, held)
        finally:
            close_old_connections()


def share(follower: Follower) -> SegmentedDetailsIndex:
    return cast("SegmentedDetailsIndex", follower.details)


def details(parts: tuple[Part, ...]) -> Details:
    """Arrays that came over Ray are read-only, and kernels not compiled for such."""
    return Details(tuple(replace(part, codes=part.codes.copy(), places=part.places.copy()) for part in parts))


def own(arrays: tuple[Booleans, ...]) -> list[Booleans]:
    return [array.copy() for array in arrays]

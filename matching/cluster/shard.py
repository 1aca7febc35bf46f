"""A shard: one share of the protections, in a process that Ray places on a machine and starts again.

Module of that process, which Ray begins with nothing but its environment. So the keys and the database are those that
the machine was given; Ray carries none of them.
"""

import os
import pickle
import resource
import threading
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from matching.connections import settle_connections  # noqa: E402
from matching.follower import Follower  # noqa: E402
from matching.index.interface import Hit  # noqa: E402
from matching.published import Position  # noqa: E402
from matching.share import Share  # noqa: E402

T = TypeVar("T")


class Shard:
    """Every question says up to which change of which sequence it must be answered; its arguments are pickled and cut.

    None: it cannot be answered, just now.
    """

    def __init__(self, number: int, of: int) -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold hashes and keys
        self._follower = Follower(Share(number, of))
        threading.Thread(target=self._follower.run, name="follower", daemon=True).start()

    def search(self, lineage: UUID, wanted: Position, *packed: bytes) -> tuple[bool, list[list[Hit]]] | None:
        """Whether the asked profiles reach every protection here, and what each question finds."""
        profiles, questions = unpacked(packed)

        def search(follower: Follower) -> tuple[bool, list[list[Hit]]]:
            index = follower.index
            return index.reached_by(profiles), index.search_each(questions)  # in this order: see there

        return self._at(lineage, wanted, search)

    def search_details(self, lineage: UUID, wanted: Position, *packed: bytes) -> list[Hit] | None:
        [asked] = unpacked(packed)
        return self._at(lineage, wanted, lambda follower: follower.details.search(asked))

    def size(self, lineage: UUID, wanted: Position, *_: bytes) -> tuple[int, int] | None:
        """How many hashes and keypoints are held."""
        return self._at(lineage, wanted, lambda follower: (len(follower.index), len(follower.details)))

    def _at(self, lineage: UUID, wanted: Position, answer: Callable[[Follower], T]) -> T | None:
        """The answer of an index that holds at least that, and nothing of an epoch that has begun meanwhile."""
        try:
            if not self._follower.holds(lineage, wanted):
                return None
            said, held = answer(self._follower), self._follower.position
            return said if held is not None and held.epoch == wanted.epoch else None
        finally:
            settle_connections()


def unpacked(packed: tuple[bytes, ...]) -> Any:
    return pickle.loads(b"".join(packed))  # noqa: S301 (whoever could send another thing could also run it)

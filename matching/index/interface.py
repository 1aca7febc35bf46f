"""What an index of protections does, whatever it is made of. No Django, no persons, no decisions."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from matching.hashing.details import Details
from matching.hashing.fingerprint import Fingerprint


@dataclass(frozen=True, slots=True)
class Claim:
    """What a protection says: `uses` is a bit mask of the refused uses (see `matching.uses`)."""

    protection: UUID
    uses: int
    assurance: int
    since: date


@dataclass(frozen=True, slots=True)
class Hit:
    """A claim and, for one algorithm of a profile, the smallest distance at which a hash of it was found.

    What a distance is the algorithm says (`Algorithm.comparison`): bits that differ, or agreement that lacks.
    """

    claim: Claim
    profile: str
    algorithm: str
    distance: int


class IncompleteError(Exception):
    """A part of the index did not answer, or not for all that it must hold.

    `hits`: what the others found, of each question; empty if nothing is known.
    """

    def __init__(self, hits: list[list[Hit]]) -> None:
        super().__init__("a part of the index does not answer")
        self.hits = hits


class Index(Protocol):
    """Exact: finds every stored hash that its profile's candidate rule compares and its widest threshold admits.

    Only codes of one profile and algorithm are ever compared, by the rules of that profile.

    `apply` is called by one thread at a time; `search` by any number of threads meanwhile, each on a state before or
    after an `apply`, never between.
    """

    def apply(self, put: Iterable[tuple[Claim, Sequence[Fingerprint]]], remove: Iterable[UUID]) -> None:
        """Add or replace protections whole, and forget others; forgetting an unknown one is nothing.

        The fingerprints of a protection are each of another profile that the index knows.
        """
        ...

    def search(self, asked: Iterable[Fingerprint]) -> list[Hit]:
        """What these hashes find, at most one hit for a claim, profile and algorithm. Raises IncompleteError."""
        ...

    def search_each(self, questions: Sequence[Iterable[Fingerprint]]) -> list[list[Hit]]:
        """The same for each of many questions, all on one state of each part of the index. Raises IncompleteError."""
        ...

    def reached_by(self, profiles: Collection[str]) -> bool:
        """Whether every protection has a fingerprint under at least one of these profiles. Raises IncompleteError.

        Said before a search, it says of that search whether a miss was complete; said after it, nothing: a protection
        may have got its fingerprint in between.
        """
        ...

    def __len__(self) -> int:
        """How many hashes are held."""
        ...


class DetailsIndex(Protocol):
    """Finds what is left of registered pictures, by the retrieval and verification rules of the details' profile.

    What it answers depends on the protections that are held and on nothing else. Threads as for `Index`.
    """

    def apply(self, put: Iterable[tuple[Claim, Details | None]], remove: Iterable[UUID]) -> None:
        """Add or replace the details of protections (None: it has none now), and forget others."""
        ...

    def search(self, asked: Details) -> list[Hit]:
        """What these details find, at most one hit for a claim. Raises IncompleteError."""
        ...

    def __len__(self) -> int:
        """How many keypoints are held."""
        ...

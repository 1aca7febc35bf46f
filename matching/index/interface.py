"""What an index of protections does, whatever it is made of. No Django, no persons, no decisions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from matching.hashing.fingerprint import Fingerprint, Hash


@dataclass(frozen=True, slots=True)
class Claim:
    """What a protection says: `uses` is a bit mask of the refused uses (see `matching.uses`)."""

    protection: UUID
    uses: int
    assurance: int
    since: date


@dataclass(frozen=True, slots=True)
class Hit:
    """A claim and, for one algorithm, the smallest distance at which a hash of it was found.

    What a distance is the algorithm says (`Algorithm.comparison`): bits that differ, or agreement that lacks.
    """

    claim: Claim
    algorithm: str
    distance: int


class Index(Protocol):
    """Exact: finds every stored hash that the profile's candidate rule compares and its widest threshold admits.

    `apply` is called by one thread at a time; `search` by any number of threads meanwhile, each on a state before or
    after an `apply`, never between.
    """

    def apply(self, put: Iterable[tuple[Claim, Sequence[Fingerprint]]], remove: Iterable[UUID]) -> None:
        """Add or replace protections whole, and forget others; forgetting an unknown one is nothing."""
        ...

    def search(self, hashes: Sequence[Hash]) -> list[Hit]:
        """What these hashes find, at most one hit for a claim and algorithm."""
        ...

    def __len__(self) -> int:
        """How many hashes are held."""
        ...

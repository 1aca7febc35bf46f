"""Excluded images in memory: is the asked image near-identical to one, and which protections do not count for it?

*Near-identical* is narrow on purpose, since whatever passes for it may lose its protection (docs/adr/0012): PDQ of the
whole frame, `strong`, for every frame that was asked. No other view: an excluded image may hold a protected photo as a
part of it, or the other way about. Not dhash, which forgives what was replaced.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from matching.decision import Excluded, Strength, strength_of
from matching.hashing.fingerprint import Fingerprint
from matching.index.interface import Claim
from matching.index.scan import ScanIndex


def whole(asked: Iterable[Fingerprint]) -> list[Fingerprint]:
    """What is asked of the whole frame: the PDQ hashes of the view `full`, in all their orientations."""
    return [
        replace(each, hashes=hashes)
        for each in asked
        if (hashes := tuple(item for item in each.hashes if (item.view, item.algorithm) == ("full", "pdq")))
    ]


def _frames(*asked: Fingerprint) -> set[int]:
    return {item.frame for each in asked for item in each.hashes}


class ExcludedImages:
    """`apply` is called by one thread at a time; `near` by any number meanwhile."""

    def __init__(self) -> None:
        self._index = ScanIndex()
        self._entries: dict[UUID, tuple[Excluded, frozenset[str]]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def apply(self, put: Iterable[tuple[Excluded, Sequence[Fingerprint]]], remove: Iterable[UUID]) -> None:
        put, remove = list(put), set(remove)
        entries = {id_: entry for id_, entry in self._entries.items() if id_ not in remove}
        for excluded, fingerprints in put:
            entries[excluded.id] = excluded, frozenset(each.profile for each in fingerprints)
        # Each is found under its own id, as if it were a protection that refuses nothing.
        self._index.apply([(Claim(each.id, 0, 0, date.min), prints) for each, prints in put], remove)
        self._entries = entries

    def near(self, asked: Iterable[Fingerprint]) -> list[Excluded]:
        """Those to which every frame of the asked image is near-identical, under each profile that they have.

        All orientations of an excluded image are held, so each hash that is asked has its counterpart.
        """
        entries, asked = self._entries, list(asked)
        if not entries or any(_frames(each) > _frames(*whole([each])) for each in asked):
            return []  # of a frame that has other views and not the whole, nothing can be said
        strong = [
            (each.profile, self._strong(replace(each, hashes=(item,)))) for each in whole(asked) for item in each.hashes
        ]
        found = set[UUID]().union(*(ids for _, ids in strong)) & entries.keys()
        return [
            excluded
            for excluded, profiles in (entries[id_] for id_ in found)
            if all(excluded.id in ids for profile, ids in strong if profile in profiles)
        ]

    def _strong(self, question: Fingerprint) -> set[UUID]:
        return {hit.claim.protection for hit in self._index.search([question]) if strength_of(hit) is Strength.STRONG}

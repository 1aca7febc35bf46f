"""Questions that people ask, not platforms: which of one's own photos is this, and is this photo registered at all."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from matching import stored
from matching.checks import BEHIND, Searches, comparable, elsewhere
from matching.decision import Strength, strength_of
from matching.follower import shared
from matching.hashing.fingerprint import Fingerprint
from matching.index.interface import Hit
from matching.index.scan import ScanIndex
from matching.models import Protection
from matching.problems import Problem

Kept = Iterable[stored.Stored]


@dataclass(frozen=True, slots=True)
class Found:
    """A protection that was found, and how near."""

    protection: UUID
    strength: Strength


def upright(fingerprints: Iterable[Fingerprint]) -> Iterator[Fingerprint]:
    """The PDQ hash of the whole frame as it stands. Near it lies the same photo, and no part of another."""
    for each in fingerprints:
        hashes = tuple(
            item for item in each.hashes if (item.view, item.algorithm, item.orientation) == ("full", "pdq", "original")
        )
        if hashes:
            yield replace(each, hashes=hashes)


def among(protections: Collection[UUID], asked: Sequence[Fingerprint], *, identical: bool = False) -> list[Found]:
    """Which of these protections the hashes find, the nearest first; withdrawn and pending ones too.

    `identical`: only what is `strong` by the whole frame as it stands. Raises keyring.UnreadableBlobError.
    """
    return nearest(stored.read(Protection.objects.filter(id__in=protections)), asked, identical=identical)


def nearest(kept: Kept, asked: Sequence[Fingerprint], *, identical: bool) -> list[Found]:
    index = ScanIndex()
    index.apply(((each.claim, tuple(upright(each.frames)) if identical else each.frames) for each in kept), [])
    least = Strength.STRONG if identical else Strength.MATCH
    found: dict[UUID, tuple[Strength, int]] = {}
    for hit in index.search(upright(asked) if identical else asked):
        strength = strength_of(hit)
        if strength is not None and strength >= least:
            best = found.get(hit.claim.protection, (strength, -hit.distance))
            found[hit.claim.protection] = max(best, (strength, -hit.distance))
    ordered = sorted(found.items(), key=lambda item: item[1], reverse=True)
    return [Found(protection, strength) for protection, (strength, _) in ordered]


def registered(asked: Sequence[Fingerprint]) -> bool:
    """Whether this very photo is registered and in force: near-identical, by the whole frame as it stands.

    Nothing else is ever said: not whose it is, how many claim it, since when or what they refuse. Raises Problem:
    index-loading, index-behind, profile-incomplete, low-quality.
    """
    question = list(upright(comparable(asked)))
    if not question:
        raise Problem("low-quality", "The photo shows too little to be told from others.")
    follower = shared()
    current = follower.current()
    if follower.position is None:
        raise Problem("index-loading", "The index is being built; nothing is known of this photo yet.")
    index, found = follower.index, Searches()
    reached = found.reached(index, {each.profile for each in question})  # before the search: see there
    near = {hit.claim.protection for hit in found.one(index.search, question) if is_strong(hit)}
    if near and among(near, question, identical=True):
        return True
    if not (current and found.complete and follower.complete()):  # as `checks.ask`
        raise Problem("index-behind", BEHIND)
    if not reached:
        raise Problem("profile-incomplete", elsewhere(index))
    return False


def is_strong(hit: Hit) -> bool:
    return strength_of(hit) is Strength.STRONG

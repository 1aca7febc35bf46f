"""One question put to this process's index. The same for the API and the command line."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

from matching import refs
from matching.decision import Decision, Outcome, decide, say
from matching.excluded import whole
from matching.follower import Follower
from matching.hashing.details import Details
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.errors import DecoderUnavailable
from matching.hashing.fingerprint import Fingerprint
from matching.hashing.profile import PROFILES, accepted
from matching.index.interface import Hit, IncompleteError, Index
from matching.problems import Problem

T = TypeVar("T")

BEHIND = "This index may lack an opt-out; nothing is known of this image."
FEWEST = min(VETO_DETAILS_1.fewest.values())  # keypoints of an image, below which there is too little of them as well
MATCH_TTL_S = 3600  # a match may be kept for an hour; a miss not at all: it could outlive an opt-out


def comparable(asked: Iterable[Fingerprint]) -> list[Fingerprint]:
    """The same with only the hashes that have detail enough to be compared, where there are any."""
    good = []
    for fingerprint in asked:
        least = PROFILES[fingerprint.profile].minimum_quality
        hashes = tuple(item for item in fingerprint.hashes if item.quality >= least)
        if hashes:
            good.append(replace(fingerprint, hashes=hashes))
    return good


class Searches:
    """All searches of a question, or of several. `complete`: every part of the index has answered each of them."""

    def __init__(self) -> None:
        self.complete = True

    def each(self, search: Callable[[Sequence[T]], list[list[Hit]]], questions: Sequence[T]) -> list[list[Hit]]:
        try:
            return search(questions)
        except IncompleteError as error:
            self.complete = False
            return error.hits or [[] for _ in questions]

    def one(self, search: Callable[[T], list[Hit]], question: T) -> list[Hit]:
        [hits] = self.each(lambda questions: [search(each) for each in questions], [question])
        return hits

    def reached(self, index: Index, profiles: Collection[str]) -> bool:
        """Where that is not known, nothing is complete."""
        try:
            return index.reached_by(profiles)
        except IncompleteError:
            self.complete = False
            return True


class Offered:
    """Details of the asked image that are made, once, only when they are wanted. `packed`: empty until they were."""

    def __init__(self, make: Callable[[], bytes]) -> None:
        self._make = make
        self._details: Details | None = None
        self.packed = b""

    def taken(self) -> Details:
        """Raises what making them raises, and DecoderUnavailable where that gives no details."""
        if self._details is None:
            packed = self._make()
            try:
                self._details = Details.from_bytes(packed, coarse=False)
            except ValueError:  # whoever took over a decoder child may write what he likes
                raise DecoderUnavailable("The decoder's answer makes no sense.") from None
            self.packed = packed
        return self._details


@dataclass(frozen=True, slots=True)
class Searched:
    """What the frame index says of one image. `reached`: whether all protections can be found by such hashes."""

    index: Index
    found: Searches
    asked: Sequence[Fingerprint]
    good: Sequence[Fingerprint]
    hits: list[Hit]
    reached: bool


def search(follower: Follower, images: Sequence[Sequence[Fingerprint]]) -> list[Searched]:
    """Ask for each of these images, given by its hashes under one profile or several.

    Raises Problem: index-loading.
    """
    if follower.position is None:
        raise Problem("index-loading", "The index is being built; nothing is known of this image yet.")
    index, found = follower.index, Searches()
    profiles = [frozenset(fingerprint.profile for fingerprint in asked) for asked in images]
    reached = {each: found.reached(index, each) for each in set(profiles)}  # before the search: see there
    good = [comparable(asked) for asked in images]
    return [
        Searched(index, found, asked, compared, hits, reached[its])
        for asked, compared, hits, its in zip(images, good, found.each(index.search_each, good), profiles, strict=True)
    ]


def ask(
    follower: Follower,
    asked: Sequence[Fingerprint] | Searched,
    *,
    offered: Offered | None = None,
    uses: Collection[str],
    current: bool,
    minimum_assurance: int = 0,
    include_possible: bool = False,
) -> Decision | None:
    """The decision for an image; None where it has too little detail to say anything of it.

    Details alone can say that it is protected, never that nothing was found: a photo may be kept without any.

    `asked` are the image's hashes under one profile or several, or what `search` said of them. The details that are
    `offered` are asked where some use is not denied by what the hashes found. `current` is what `follower.current()`
    said after the question had come. Without it, where an epoch has begun since that is not complete, and where a
    protection cannot be found under these profiles, nothing is said but "denied", for what is known to be refused is
    refused. Raises Problem: index-loading, index-behind, profile-incomplete; and what making the details raises.
    """
    searched = asked if isinstance(asked, Searched) else search(follower, [asked])[0]
    index, found, good = searched.index, searched.found, searched.good
    if not good and (offered is None or len(offered.taken()) < FEWEST):
        return None
    frames = {item.frame for fingerprint in good for item in fingerprint.hashes}

    def decided(hits: list[Hit], pictures: int = 0) -> Decision:
        told = pictures <= max(1, len(frames))  # a picture that no hash tells of excuses nothing
        excluded = follower.excluded.near(good) if hits and told else []
        return decide(
            hits,
            asked=uses,
            minimum_assurance=minimum_assurance,
            include_possible=include_possible,
            excluded=excluded,
            whole=found.one(index.search, whole(good)) if excluded else [],
        )

    decision = decided(searched.hits)
    if offered is not None and len(denials(decision.uses)) < len(decision.uses):
        details = offered.taken()
        pictures = sum(part.kind != "main" for part in details.parts)
        decision = decided(searched.hits + found.one(follower.details.search, details), pictures)
    if not (current and found.complete and follower.complete()):
        return refusals(decision, Problem("index-behind", BEHIND))
    if not searched.reached:
        return refusals(decision, Problem("profile-incomplete", elsewhere(index)))
    return decision if good or decision.matches else None


def elsewhere(index: Index) -> str:
    """What to do where the profile of a question does not reach every protection."""
    under = [f"under {name}, or" for name in complete(index)]
    return " ".join(["Some photos have no hashes of this profile. Ask", *under, "with the image at /v1/check/image."])


def complete(index: Index) -> list[str]:
    """The profiles under which every protection can be found; none where that is not known."""
    found = Searches()
    names = [name for name in accepted() if found.reached(index, {name})]
    return names if found.complete else []


def refusals(decision: Decision, otherwise: Problem) -> Decision:
    """What can be said where an opt-out may be missing: of a use without a refusal, nothing. Raises `otherwise`."""
    denied = denials(decision.uses)
    if not denied:
        raise otherwise
    telling = [replace(match, uses=denials(match.uses)) for match in decision.matches]
    return Decision(denied, tuple(match for match in telling if match.uses))


def denials(outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    return {use: outcome for use, outcome in outcomes.items() if outcome is Outcome.DENIED}


def in_words(decision: Decision | None, platform: UUID) -> dict[str, Any]:
    """The decision as a platform reads it, with references of its own."""
    if decision is None:
        return {
            "result": "indeterminate",
            "reason": "low_quality",
            "action": "proceed",
            "uses": {},
            "matches": [],
            "cache": {"ttl_s": 0},
        }
    return {
        "result": decision.result,
        "uses": say(decision.uses),
        "matches": [
            {
                "ref": refs.protection_ref(platform, match.claim.protection),
                "strength": match.strength.name.lower(),
                "uses": say(match.uses),
                "assurance": match.claim.assurance,
                "since": match.claim.since,
            }
            for match in decision.matches
        ],
        "cache": {"ttl_s": MATCH_TTL_S if decision.result == "protected" else 0},
    }

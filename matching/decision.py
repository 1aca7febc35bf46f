"""From hits to an answer: the decision table of the API. Pure: no database, no clock, no request."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from uuid import UUID

from matching import uses
from matching.hashing.details_profile import DETAILS
from matching.hashing.profile import PROFILES
from matching.hashing.rules import Thresholds
from matching.index.interface import Claim, Hit


class Strength(IntEnum):
    """How near a match is; all that is ever said of a distance."""

    POSSIBLE = 1
    MATCH = 2
    STRONG = 3


class Outcome(IntEnum):
    """What is said of one use; the greater is the more restrictive."""

    NO_MATCH = 0
    ASK = 1
    DENIED = 2


ALWAYS_REFUSED = uses.to_mask(use.id for use in uses.USES if use.always_refused)
RESULT = {Outcome.NO_MATCH: "no_match", Outcome.ASK: "ask", Outcome.DENIED: "protected"}


def say(outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    """The outcomes in the API's words: `denied`, `ask`, `no_match`."""
    return {use: outcome.name.lower() for use, outcome in outcomes.items()}


@dataclass(frozen=True, slots=True)
class Match:
    """A protection that was found, and what it says of each use that was asked for."""

    claim: Claim
    strength: Strength
    uses: Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class Decision:
    """`matches` are those that count for a use that was asked for, the most restrictive and nearest first."""

    uses: Mapping[str, Outcome]
    matches: tuple[Match, ...]

    @property
    def result(self) -> str:
        return RESULT[max(self.uses.values(), default=Outcome.NO_MATCH)]


def thresholds_of(hit: Hit) -> Thresholds:
    """Those of its algorithm, or of its details."""
    if hit.profile in DETAILS:
        return DETAILS[hit.profile].thresholds
    return PROFILES[hit.profile].algorithms[hit.algorithm].thresholds


def strength_of(hit: Hit, limits: Thresholds | None = None) -> Strength | None:
    """By these limits, or its own; None beyond the widest."""
    limits = limits or thresholds_of(hit)
    if hit.distance <= limits.strong:
        return Strength.STRONG
    if hit.distance <= limits.match:
        return Strength.MATCH
    return Strength.POSSIBLE if hit.distance <= limits.possible else None


def outcome_of(claim: Claim, strength: Strength, use: str, minimum_assurance: int) -> Outcome:
    """What one claim says of one use. A platform's minimum assurance never weakens what is always refused."""
    if not claim.uses & uses.to_mask([use]):
        return Outcome.NO_MATCH
    if strength is Strength.POSSIBLE:
        return Outcome.ASK
    if claim.assurance < minimum_assurance and not uses.BY_ID[use].always_refused:
        return Outcome.ASK
    return Outcome.DENIED


@dataclass(frozen=True, slots=True)
class Excluded:
    """An excluded image: `protection`, which it is not, or the `minimum_assurance` of claims on it. One of the two."""

    id: UUID
    protection: UUID | None
    minimum_assurance: int | None


def strengths(hits: Iterable[Hit]) -> dict[Claim, Strength]:
    """Each claim with its nearest hash."""
    nearest: dict[Claim, Strength] = {}
    for hit in hits:
        strength = strength_of(hit)
        if strength is not None:
            nearest[hit.claim] = max(strength, nearest.get(hit.claim, strength))
    return nearest


def counting(
    found: Mapping[Claim, Strength], excluded: Collection[Excluded], whole: Mapping[Claim, Strength]
) -> dict[Claim, Strength]:
    """What still counts of what was found for an image that is near-identical to these excluded ones.

    A protection that the image is not: never where it was found strongly, as then the image is (also) its photo. An
    image that is no one's to reserve: a claim of too little assurance counts for what is always refused only, unless
    it was found by a part of the image more strongly than by the `whole`: then it claims that part.
    """
    mistaken = {each.protection for each in excluded}
    least = max((each.minimum_assurance or 0 for each in excluded), default=0)
    kept = {}
    for claim, strength in found.items():
        if claim.protection in mistaken and strength < Strength.STRONG:
            continue
        if claim.assurance < least and whole.get(claim) == strength:
            claim = replace(claim, uses=claim.uses & ALWAYS_REFUSED)  # noqa: PLW2901
        kept[claim] = strength
    return kept


def decide(
    hits: Iterable[Hit],
    *,
    asked: Collection[str],
    minimum_assurance: int = 0,
    include_possible: bool = False,
    excluded: Collection[Excluded] = (),
    whole: Iterable[Hit] = (),
) -> Decision:
    """Per use the most restrictive over all claims, each with its nearest hash. `asked` are ids of the vocabulary.

    `excluded` are the excluded images that the asked one is near-identical to, `whole` the hits by its whole frame.
    """
    found = counting(strengths(hits), excluded, strengths(whole))
    order = uses.in_order(asked)
    matches = [
        Match(claim, strength, {use: outcome_of(claim, strength, use, minimum_assurance) for use in order})
        for claim, strength in found.items()
        if include_possible or strength > Strength.POSSIBLE
    ]
    telling = [match for match in matches if any(match.uses.values())]
    telling.sort(key=lambda match: (max(match.uses.values()), match.strength), reverse=True)
    return Decision(
        uses={use: max((match.uses[use] for match in telling), default=Outcome.NO_MATCH) for use in order},
        matches=tuple(telling),
    )

"""One question put to this process's index. The same for the API and the command line."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from matching import refs
from matching.decision import Decision, Outcome, decide, say
from matching.follower import Follower
from matching.hashing.fingerprint import Hash
from matching.hashing.profile import VETO_1
from matching.problems import Problem

MATCH_TTL_S = 3600  # a match may be kept for an hour; a miss not at all: it could outlive an opt-out


def comparable(hashes: Sequence[Hash]) -> list[Hash]:
    """Those with detail enough to be compared."""
    return [item for item in hashes if item.quality >= VETO_1.minimum_quality]


def ask(
    follower: Follower,
    hashes: Sequence[Hash],
    *,
    uses: Collection[str],
    current: bool,
    minimum_assurance: int = 0,
    include_possible: bool = False,
) -> Decision | None:
    """The decision for an image; None where it has too little detail to say anything of it.

    `current` is what `follower.current()` said after the question had come. Without it nothing is said but "denied",
    for what is known to be refused is refused. Raises Problem: index-loading, index-behind.
    """
    if follower.position is None:
        raise Problem("index-loading", "The index is being built; nothing is known of this image yet.")
    good = comparable(hashes)
    if not good:
        return None
    decision = decide(
        follower.index.search(good),
        algorithms=VETO_1.algorithms,
        asked=uses,
        minimum_assurance=minimum_assurance,
        include_possible=include_possible,
    )
    return decision if current else refusals(decision)


def refusals(decision: Decision) -> Decision:
    """What an index that may lack an opt-out can say: of a use it has found no refusal for, nothing. Raises Problem."""
    denied = denials(decision.uses)
    if not denied:
        raise Problem("index-behind", "This index may lack an opt-out; nothing is known of this image.")
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

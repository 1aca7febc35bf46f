"""One question put to this process's index. The same for the API and the command line."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from matching import refs
from matching.decision import Decision, decide, say
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

    `current` is what `follower.current()` said after the question had come. Without it only "protected" is answered,
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
    if decision.result != "protected" and not current:
        raise Problem("index-behind", "This index may lack an opt-out; nothing is known of this image.")
    return decision


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

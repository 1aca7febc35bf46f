"""Test mode: fixed hashes with fixed answers, so that an integration can be tested with no real photo.

A test key never sees a real protection, and any other hash finds nothing with it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from matching import uses
from matching.checks import comparable
from matching.decision import Decision, Match, Outcome, Strength
from matching.hashing.fingerprint import Fingerprint
from matching.index.interface import Claim
from matching.problems import Problem


def fixed_hash(outcome: str) -> bytes:
    """32 bytes with 128 bits set, as a true PDQ hash has: half of a SHA-256 and its complement."""
    half = hashlib.sha256(f"veto test mode: {outcome}".encode()).digest()[:16]
    return half + bytes(byte ^ 0xFF for byte in half)


OUTCOMES: Final = ("protected", "ask", "no_match", "indeterminate", "503", "429")
HASHES: Final = {fixed_hash(outcome): outcome for outcome in OUTCOMES}
CLAIM: Final = Claim(UUID(int=0), uses.to_mask(uses.IDS), assurance=1, since=date(2026, 1, 1))


def outcome_for(query: Iterable[Fingerprint]) -> str:
    """What the first fixed hash among them stands for, else "no_match"."""
    hashes = (item for fingerprint in query for item in fingerprint.hashes)
    return next((HASHES[item.bits] for item in hashes if item.bits in HASHES), "no_match")


def decide(query: Sequence[Fingerprint], asked: Iterable[str]) -> Decision | None:
    """The decision that the first fixed hash among these stands for, as `checks.ask` would give it. Raises Problem."""
    order = uses.in_order(asked)
    match outcome_for(query):
        case "503":
            raise Problem("index-behind", "Test mode: this hash always answers 503.")
        case "429":
            raise Problem("quota-exceeded", "Test mode: this hash always answers 429.")
        case "indeterminate":
            return None
        case "protected":
            said, strength = Outcome.DENIED, Strength.STRONG
        case "ask":
            said, strength = Outcome.ASK, Strength.POSSIBLE
        case _:
            nothing = dict.fromkeys(order, Outcome.NO_MATCH)
            return Decision(nothing, ()) if comparable(query) else None
    of_each = dict.fromkeys(order, said)
    return Decision(of_each, (Match(CLAIM, strength, of_each),))

"""Hashes that no photo has: 256 random bits, half of them set as PDQ sets them, far from each other."""

import random

from matching.hashing.fingerprint import Fingerprint, Hash

SOURCE = random.SystemRandom()


def random_hash() -> str:
    """64 hexadecimal digits."""
    return f"{sum(1 << bit for bit in SOURCE.sample(range(256), 128)):064x}"


def fingerprint(code: str) -> Fingerprint:
    return Fingerprint("veto-1", (Hash("full", "pdq", bytes.fromhex(code), 100),), 100)

"""Hashes that no photo has: 256 random bits, half of them set as PDQ sets them, far from each other."""

import random

from matching.hashing.fingerprint import Fingerprint, Hash

SOURCE = random.SystemRandom()


def random_hash() -> str:
    """64 hexadecimal digits."""
    return f"{sum(1 << bit for bit in SOURCE.sample(range(256), 128)):064x}"


def fingerprint(code: str) -> Fingerprint:
    return Fingerprint("veto-1", (Hash("full", "pdq", bytes.fromhex(code), 100),), 100)


def near(code: str, bits: int) -> str:
    """The same with so many bits flipped (an even number), half of them ones, so that 128 stay set."""
    number = int(code, 16)
    ones = [bit for bit in range(256) if number >> bit & 1]
    zeros = [bit for bit in range(256) if not number >> bit & 1]
    for bit in [*SOURCE.sample(ones, bits // 2), *SOURCE.sample(zeros, bits // 2)]:
        number ^= 1 << bit
    return f"{number:064x}"

"""Hashes that no photo has: 256 random bits, half of them set as PDQ sets them, far from each other."""

import random

import numpy as np

from matching.hashing.details import Details, Part
from matching.hashing.fingerprint import Fingerprint, Hash

SOURCE = random.SystemRandom()


def random_hash() -> str:
    """64 hexadecimal digits."""
    return f"{sum(1 << bit for bit in SOURCE.sample(range(256), 128)):064x}"


def fingerprint(code: str) -> Fingerprint:
    return Fingerprint("veto-1", (Hash("full", "pdq", bytes.fromhex(code), 100),), 100)


def random_details(keypoints: int = 100) -> bytes:
    """Packed as they are kept, of no photo."""
    source = np.random.default_rng(SOURCE.getrandbits(64))
    codes = source.integers(0, 2**64, (keypoints, 2), np.uint64)
    places = source.uniform((5, 5, 2, 0), (379, 379, 4, 360), (keypoints, 4)).astype(np.float32)
    return Details((Part("whole", 384, 384, codes, places),)).to_bytes(coarse=True)


def as_asked(kept: bytes) -> Details:
    """What an image would ask that has just these details."""
    return Details.from_bytes(kept, coarse=True)


def near(code: str, bits: int) -> str:
    """The same with so many bits flipped (an even number), half of them ones, so that 128 stay set."""
    number = int(code, 16)
    ones = [bit for bit in range(256) if number >> bit & 1]
    zeros = [bit for bit in range(256) if not number >> bit & 1]
    for bit in [*SOURCE.sample(ones, bits // 2), *SOURCE.sample(zeros, bits // 2)]:
        number ^= 1 << bit
    return f"{number:064x}"

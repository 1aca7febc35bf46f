"""Claims with random fingerprints, and questions near them."""

import random
import uuid
from datetime import date

from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.profile import VETO_1
from matching.index.interface import Claim

BITS = 256
Put = tuple[Claim, list[Fingerprint]]


def code(source: random.Random) -> bytes:
    return source.randbytes(32)


def flipped(bits: bytes, *places: int) -> bytes:
    number = int.from_bytes(bits)
    for place in places:
        number ^= 1 << (BITS - 1 - place)
    return number.to_bytes(32)


def photo(source: random.Random, *, pdq: int = 3) -> Put:
    """Of one photo: PDQ codes, one without a texture, and a dhash code."""
    hashes = [Hash("full", "pdq", code(source), 100, texture=code(source) if n else b"") for n in range(pdq)]
    hashes.append(Hash("full", "dhash", code(source), 100))
    claim = Claim(uuid.UUID(bytes=source.randbytes(16)), source.randrange(1, 64), source.randrange(4), date(2026, 1, 2))
    return claim, [Fingerprint(VETO_1.name, tuple(hashes), 100)]


def near(source: random.Random, item: Hash, distance: int) -> Hash:
    """So many bits away from it, and its texture half as many."""
    texture = flipped(item.texture, *source.sample(range(BITS), distance // 2)) if item.texture else b""
    return item._replace(bits=flipped(item.bits, *source.sample(range(BITS), distance)), texture=texture)


def asking(*hashes: Hash) -> list[Fingerprint]:
    return [Fingerprint(VETO_1.name, hashes, 100)]

"""Fingerprints of no photo: random codes, the same for the same number, so that whoever asks knows what is stored."""

from typing import Final
from uuid import UUID

import numpy as np

from matching.hashing.details import Details, Part
from matching.hashing.fingerprint import HASH_BYTES, Fingerprint, Hash
from matching.hashing.profile import VETO_1

BATCH: Final = 5000  # photos
ASKED: Final = {"pdq": 45, "dhash": 24}  # as an image asks: see the profile
HEAD_BYTES, RECORD_BYTES = 5, 69  # of a packed fingerprint; a record ends with bits and texture
VIEWS: Final = [(view, name) for name, views in VETO_1.stored.items() for view in views]


def pdq_like(count: int, random: np.random.Generator) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Codes (count, 32) with exactly half of their bits set, as PDQ's median cuts them."""
    half = random.integers(0, 256, (count, HASH_BYTES // 2), np.uint8)
    return np.concatenate([half, ~half], axis=1)[:, random.permutation(HASH_BYTES)]


def stored(batch: int) -> list[tuple[UUID, bytes]]:
    """The photos of a batch, packed, with as many hashes as a photo has at most: new bits in one packed fingerprint."""
    random = np.random.default_rng([16, batch])
    zeros = bytes(HASH_BYTES * len(VIEWS))
    rows = np.tile(np.frombuffer(fingerprint(zeros, zeros, 0).to_bytes(), np.uint8), (BATCH, 1))
    for at, (_, name) in enumerate(VIEWS):
        end = HEAD_BYTES + RECORD_BYTES * (at + 1)
        rows[:, end - 2 * HASH_BYTES : end - HASH_BYTES] = pdq_like(BATCH, random)
        if name == "pdq":
            rows[:, end - HASH_BYTES : end] = pdq_like(BATCH, random)
    ids = random.bytes(16 * BATCH)
    return [(UUID(bytes=ids[16 * at : 16 * at + 16], version=4), row.tobytes()) for at, row in enumerate(rows)]


def fingerprint(bits: bytes, textures: bytes, photo: int) -> Fingerprint:
    hashes = []
    for at, (view, name) in enumerate(VIEWS, photo * len(VIEWS)):
        place = slice(HASH_BYTES * at, HASH_BYTES * (at + 1))
        hashes.append(Hash(view, name, bits[place], 100, texture=textures[place] if name == "pdq" else b""))
    return Fingerprint(VETO_1.name, tuple(hashes), 100)


def asked(count: int) -> list[Fingerprint]:
    """Whole queries; one in ten is of a photo of the first batch."""
    random = np.random.default_rng(17)
    known = stored(0)
    questions = []
    for number in range(count):
        hashes = [
            Hash("full", name, code.tobytes(), 100, texture=texture.tobytes() if name == "pdq" else b"")
            for name, many in ASKED.items()
            for code, texture in zip(pdq_like(many, random), pdq_like(many, random), strict=True)
        ]
        if number % 10 == 0:
            hashes[0] = Fingerprint.from_bytes(known[number][1]).hashes[0]
        questions.append(Fingerprint(VETO_1.name, tuple(hashes), 100))
    return questions


def details(random: np.random.Generator, keypoints: int = 100) -> bytes:
    """Packed as they are kept."""
    codes = random.integers(0, 2**64, (keypoints, 2), np.uint64)
    places = random.uniform((5, 5, 2, 0), (379, 379, 4, 360), (keypoints, 4)).astype(np.float32)
    return Details((Part("whole", 384, 384, codes, places),)).to_bytes(coarse=True)

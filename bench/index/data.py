"""Registries to ask: codes of no photo, and those of real photos with jittered neighbours, since real codes cluster."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from bench.quality.hashing import hash_all
from bench.quality.sets import photos
from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.profile import VETO_1

Words = npt.NDArray[np.uint64]

PDQ, DHASH = (VETO_1.name, "pdq"), (VETO_1.name, "dhash")
STORED: Final = {PDQ: 13, DHASH: 3}  # codes of a photo at most, and of one here
ASKED: Final = {"pdq": 45, "dhash": 24}
JITTER: Final = (16, 96)  # bits that a neighbour differs from the real code
MOST: Final = 800  # photos that are hashed


@dataclass(frozen=True, slots=True)
class Registry:
    """Codes and textures of `size` photos by key, (n, 4) words each, and their `slots`; `asked`: whole queries."""

    size: int
    words: dict[tuple[str, str], tuple[Words, Words]]
    slots: dict[tuple[str, str], npt.NDArray[np.uint32]]
    asked: list[Fingerprint]


def uniform(size: int, queries: int, random: np.random.Generator) -> Registry:
    """No two photos alike; half of the queries hold a copy of a stored code."""
    slots = {key: np.repeat(np.arange(size, dtype=np.uint32), each) for key, each in STORED.items()}
    words = {key: (_codes(len(of), random), _codes(len(of), random)) for key, of in slots.items()}
    asked = []
    for number in range(queries):
        hashes = [
            Hash("full", name, _codes(1, random).tobytes(), 100, texture=_codes(1, random).tobytes())
            for name, count in ASKED.items()
            for _ in range(count)
        ]
        if number % 2:
            code, texture = (each[random.integers(len(each))] for each in words[PDQ])
            hashes[0] = hashes[0]._replace(bits=code.tobytes(), texture=texture.tobytes())
        asked.append(Fingerprint(VETO_1.name, tuple(hashes), 100))
    return Registry(size, words, slots, asked)


def _codes(count: int, random: np.random.Generator) -> Words:
    return random.integers(0, 1 << 64, (count, 4), dtype=np.uint64)


def real(folder: Path, size: int, queries: int, random: np.random.Generator) -> Registry:
    """Photos as they are, each again and again with bits flipped; half of the queries are of photos kept out."""
    found = photos(str(folder))
    found = found[:: max(1, len(found) // MOST)][:MOST]
    hashed = [each.itself for each in hash_all(found, [()] * len(found), "hash")]
    stored = [each.stored for each in hashed[::2]]
    asked = [each.asked for each in hashed if each.asked.hashes]
    order = random.permutation(len(asked))[:queries]
    words, slots = {}, {}
    for key in STORED:
        held = [[item for item in each.hashes if item.algorithm == key[1]] for each in stored]
        owner = np.repeat(np.arange(len(held)), [len(each) for each in held])
        codes = np.frombuffer(b"".join(item.bits for each in held for item in each), np.uint64).reshape(-1, 4)
        textures = np.frombuffer(
            b"".join(item.texture or bytes(32) for each in held for item in each), np.uint64
        ).reshape(-1, 4)
        times = -(-size // len(held))
        all_slots = np.concatenate([owner + time * len(held) for time in range(times)])
        kept = all_slots < size
        words[key] = _jittered(codes, times, kept, random), _jittered(textures, times, kept, random)
        slots[key] = all_slots[kept].astype(np.uint32)
    return Registry(size, words, slots, [asked[number] for number in order])


def _jittered(codes: Words, times: int, kept: npt.NDArray[np.bool_], random: np.random.Generator) -> Words:
    made = [codes]
    for _ in range(times - 1):
        share = random.integers(JITTER[0], JITTER[1] + 1, (len(codes), 1)) / 256
        flips = np.packbits(random.random((len(codes), 256), np.float32) < share, axis=1)
        made.append(codes ^ np.ascontiguousarray(flips).view(np.uint64))
    return np.concatenate(made)[kept]


def protections(count: int) -> Iterable[uuid.UUID]:
    return (uuid.UUID(int=(number + 1) << 64 | number) for number in range(count))


TODAY: Final = date(2026, 1, 1)

"""Photos and their altered copies to fingerprints, by the functions that the decoder's child calls, on all cores."""

import multiprocessing
import os
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from tqdm import tqdm

from bench.quality import near
from bench.quality.alterations import ALTERATIONS, altered
from bench.quality.cache import Cache, altering_version, hashing_version
from bench.quality.sets import Photo, digest, upright
from matching.hashing.fingerprint import Fingerprint
from matching.hashing.hashes import fingerprint_of, query_of
from matching.hashing.pictures import pictures

_ALTERATIONS: Final = {f"{alteration.group}/{alteration.name}": alteration for alteration in ALTERATIONS}
_ITSELF: Final = "itself"
_THUMBNAIL: Final = "thumbnail"
_HEAD: Final = struct.Struct(">dddII")

Job = tuple[Photo, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Hashed:
    """A file's fingerprints and what they cost in CPU seconds. `high` is None where it was not wanted."""

    stored: Fingerprint
    asked: Fingerprint
    high: Fingerprint | None
    decode_s: float
    store_s: float
    ask_s: float

    def to_bytes(self) -> bytes:
        parts = [self.stored.to_bytes(), self.asked.to_bytes(), self.high.to_bytes() if self.high else b""]
        head = _HEAD.pack(self.decode_s, self.store_s, self.ask_s, len(parts[0]), len(parts[1]))
        return head + b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Hashed":
        decode_s, store_s, ask_s, first, second = _HEAD.unpack_from(data)
        body = data[_HEAD.size :]
        high = body[first + second :]
        return cls(
            Fingerprint.from_bytes(body[:first]),
            Fingerprint.from_bytes(body[first : first + second]),
            Fingerprint.from_bytes(high) if high else None,
            decode_s,
            store_s,
            ask_s,
        )


@dataclass(frozen=True, slots=True)
class HashedPhoto:
    """A photo and its altered copies, by "group/name"."""

    name: str
    itself: Hashed
    copies: dict[str, Hashed]
    thumbnail: near.Thumbnails


def hash_file(data: bytes, *, high: bool) -> Hashed:
    """Decoded and hashed for both roles."""
    begin = time.process_time()
    canonical = pictures(data)
    decoded = time.process_time()
    stored = fingerprint_of(canonical)
    made = time.process_time()
    asked = query_of(canonical)
    end = time.process_time()
    with_effort = query_of(canonical, "high") if high else None
    return Hashed(stored, asked, with_effort, decoded - begin, made - decoded, end - made)


def hash_all(photos: Sequence[Photo], wanted: Sequence[tuple[str, ...]], title: str) -> Iterator[HashedPhoto]:
    """Each photo with the alterations wanted of it, in the order of `photos`; from the cache what is there."""
    plain, with_copies = hashing_version(), altering_version()
    cache = Cache()
    keys = [digest(photo.read()) for photo in photos]
    jobs: dict[int, Job] = {}
    for place, (photo, key, names) in enumerate(zip(photos, keys, wanted, strict=True)):
        held = cache.names(plain, key) | cache.names(with_copies, key)
        missing = tuple(name for name in (_ITSELF, *names) if name not in held)
        if missing:
            jobs[place] = (photo, missing)
    with (
        multiprocessing.get_context("spawn").Pool(os.cpu_count() or 1, _one_thread) as pool,
        tqdm(total=len(photos), desc=title, unit="photo") as progress,
    ):
        results = pool.imap(_work, jobs.values())
        for place, (photo, key, names) in enumerate(zip(photos, keys, wanted, strict=True)):
            if place in jobs:
                made = next(results)
                cache.put(plain, key, [item for item in made if item[0] in (_ITSELF, _THUMBNAIL)])
                cache.put(with_copies, key, [item for item in made if item[0] not in (_ITSELF, _THUMBNAIL)])
            yield _unpacked(photo.name, cache.of(plain, key) | cache.of(with_copies, key), names)
            progress.update()
    cache.keep_only(plain, with_copies)
    cache.close()


def _one_thread() -> None:
    cv2.setNumThreads(1)


def _unpacked(name: str, made: dict[str, bytes], names: Sequence[str]) -> HashedPhoto:
    copies = {copy: Hashed.from_bytes(made[copy]) for copy in names}
    small = np.frombuffer(made[_THUMBNAIL], np.float32).reshape(8, -1)
    return HashedPhoto(name, Hashed.from_bytes(made[_ITSELF]), copies, small)


def _work(job: Job) -> list[tuple[str, bytes]]:
    photo, names = job
    data = photo.read()
    image = upright(data)
    made = []
    for name in names:
        if name == _ITSELF:
            made.append((_ITSELF, hash_file(data, high=True).to_bytes()))
            made.append((_THUMBNAIL, near.thumbnail(image).tobytes()))
        else:
            alteration = _ALTERATIONS[name]
            made.append((name, hash_file(altered(image, alteration, photo.name), high=alteration.high).to_bytes()))
    return made

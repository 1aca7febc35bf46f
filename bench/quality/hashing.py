"""Photos and their altered copies to fingerprints, by the functions that the decoder's child calls, on all cores."""

import multiprocessing
import os
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

import cv2
import numpy as np
from tqdm import tqdm

from bench.quality import near
from bench.quality.alterations import ALTERATIONS, altered
from bench.quality.cache import Cache, altering_version, hashing_version
from bench.quality.sets import Photo, digest, upright
from matching.hashing import keypoints
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.fingerprint import Fingerprint
from matching.hashing.hashes import fingerprint_of, query_of
from matching.hashing.pictures import pictures

_ALTERATIONS: Final = {f"{alteration.group}/{alteration.name}": alteration for alteration in ALTERATIONS}
_ITSELF: Final = "itself"
_THUMBNAIL: Final = "thumbnail"
_HEAD: Final = struct.Struct(">ddddd5I")

Job = tuple[Photo, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Hashed:
    """A file's fingerprints and details, and what they cost in CPU seconds.

    `high` is None where it was not wanted. `kept` and `details` are packed details, stored and asked; `kept` is empty
    where there are too few.
    """

    stored: Fingerprint
    asked: Fingerprint
    high: Fingerprint | None
    kept: bytes
    details: bytes
    decode_s: float
    store_s: float
    ask_s: float
    find_s: float
    keep_s: float

    def to_bytes(self) -> bytes:
        parts = [self.stored.to_bytes(), self.asked.to_bytes(), self.high.to_bytes() if self.high else b""]
        parts += [self.kept, self.details]
        seconds = (self.decode_s, self.store_s, self.ask_s, self.find_s, self.keep_s)
        return _HEAD.pack(*seconds, *map(len, parts)) + b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Hashed":
        numbers = _HEAD.unpack_from(data)
        seconds, ends = numbers[:5], list(accumulate(numbers[5:], initial=_HEAD.size))
        stored, asked, high, kept, details = (data[start:end] for start, end in pairwise(ends))
        return cls(
            Fingerprint.from_bytes(stored),
            Fingerprint.from_bytes(asked),
            Fingerprint.from_bytes(high) if high else None,
            kept,
            details,
            *seconds,
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
    found = keypoints.found_in(canonical)
    found_at = time.process_time()
    kept = keypoints.stored(found, VETO_DETAILS_1)
    details = keypoints.asked(found, VETO_DETAILS_1).to_bytes(coarse=False)
    kept_at = time.process_time()
    return Hashed(
        stored,
        asked,
        query_of(canonical, "high") if high else None,
        kept.to_bytes(coarse=True) if kept else b"",
        details,
        decode_s=decoded - begin,
        store_s=made - decoded,
        ask_s=end - made,
        find_s=found_at - end,
        keep_s=kept_at - found_at,
    )


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

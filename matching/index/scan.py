"""The plain index: compare everything. Its answers are the oracle for every faster one."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from matching.hashing.fingerprint import HASH_BYTES, Fingerprint, Hash
from matching.hashing.profile import PROFILES, Algorithm, Profile
from matching.hashing.rules import TileAgreement
from matching.index.distances import Distances, Words, candidates, hamming, penalty, tile_distance, tiled
from matching.index.interface import Claim, Hit

WORDS: Final = HASH_BYTES // 8  # of a code; its texture follows, as many
_NO_TEXTURE: Final = bytes(HASH_BYTES)
FEW: Final = 1024  # claims below which the codes of the dead are not worth clearing away
CHUNK: Final = 4096  # codes compared at once, so that what is computed for 48 queries stays in a core's cache


def as_words(hashes: Sequence[Hash]) -> Words:
    """Codes and textures as an array of shape (n, 8); bits in the order of the bytes, zeros for no texture."""
    joined = b"".join(item.bits + (item.texture or _NO_TEXTURE) for item in hashes)
    return np.frombuffer(joined, np.uint64).reshape(-1, 2 * WORDS)


@dataclass(slots=True)
class Codes:
    """The codes of a profile's algorithm, and the slots of the claims they belong to. Grows at its end alone."""

    words: npt.NDArray[np.uint64]
    slots: npt.NDArray[np.int64]
    length: int = 0

    @classmethod
    def empty(cls) -> "Codes":
        return cls(np.empty((64, 2 * WORDS), np.uint64), np.empty(64, np.int64))

    def extended(self, words: npt.NDArray[np.uint64], slots: npt.NDArray[np.int64]) -> "Codes":
        """With these at the end. A search on the old value goes on undisturbed: it looks no further than its length."""
        length = self.length + len(words)
        all_words, all_slots = self.words, self.slots
        if length > len(all_words):
            room = max(length, 2 * len(all_words))
            all_words, all_slots = np.empty((room, 2 * WORDS), np.uint64), np.empty(room, np.int64)
            all_words[: self.length], all_slots[: self.length] = self.words[: self.length], self.slots[: self.length]
        all_words[self.length : length], all_slots[self.length : length] = words, slots
        return Codes(all_words, all_slots, length)


Kind = frozenset[str]  # the profiles that a protection has fingerprints of


@dataclass(frozen=True, slots=True)
class State:
    """One moment of the index. `alive[slot]` says whether the claim in that slot still stands; `kinds` counts those."""

    codes: Mapping[tuple[str, str], Codes]  # by profile and algorithm
    claims: list[Claim]
    alive: npt.NDArray[np.bool_]
    kinds: Mapping[Kind, int]


class ScanIndex:
    """Implements `Index`. Each `apply` makes a new state and puts it in place whole; a search keeps the one it met."""

    def __init__(self, *profiles: Profile) -> None:
        """For these profiles; without any, for all that are known."""
        self._algorithms = {
            (profile.name, name): algorithm
            for profile in profiles or PROFILES.values()
            for name, algorithm in profile.algorithms.items()
        }
        self._state = State({key: Codes.empty() for key in self._algorithms}, [], np.empty(0, np.bool_), {})
        self._places: dict[UUID, tuple[int, Kind]] = {}

    def __len__(self) -> int:
        state = self._state
        return sum(int(state.alive[codes.slots[: codes.length]].sum()) for codes in state.codes.values())

    def apply(self, put: Iterable[tuple[Claim, Sequence[Fingerprint]]], remove: Iterable[UUID]) -> None:
        put = list(put)
        state = self._state
        first = len(state.claims)
        alive = np.concatenate([state.alive, np.ones(len(put), np.bool_)])
        kinds = Counter(state.kinds)
        for protection in remove:
            self._forget(protection, alive, kinds)
        state.claims.extend(claim for claim, _ in put)
        for slot, (claim, fingerprints) in enumerate(put, first):
            self._forget(claim.protection, alive, kinds)
            kind = frozenset(fingerprint.profile for fingerprint in fingerprints)
            self._places[claim.protection] = slot, kind
            kinds[kind] += 1
        codes = {
            key: self._with(state.codes[key], key, first, [fingerprints for _, fingerprints in put])
            for key in self._algorithms
        }
        self._state = self._without_the_dead(State(codes, state.claims, alive, +kinds))

    def _forget(self, protection: UUID, alive: npt.NDArray[np.bool_], kinds: Counter[Kind]) -> None:
        if (place := self._places.pop(protection, None)) is not None:
            slot, kind = place
            alive[slot] = False
            kinds[kind] -= 1

    def _with(self, codes: Codes, key: tuple[str, str], first: int, put: Sequence[Sequence[Fingerprint]]) -> Codes:
        added = [
            (slot, item)
            for slot, fingerprints in enumerate(put, first)
            for fingerprint in fingerprints
            for item in fingerprint.hashes
            if (fingerprint.profile, item.algorithm) == key
        ]
        if not added:
            return codes
        return codes.extended(as_words([item for _, item in added]), np.array([slot for slot, _ in added], np.int64))

    def _without_the_dead(self, state: State) -> State:
        """The same without the codes of claims that no longer stand, once they are more than the others."""
        if 2 * int(state.alive.sum()) >= len(state.claims) or len(state.claims) < FEW:
            return state
        codes = {}
        new_slot = np.cumsum(state.alive) - 1
        for key, old in state.codes.items():
            slots = old.slots[: old.length]
            kept = state.alive[slots]
            codes[key] = Codes.empty().extended(old.words[: old.length][kept], new_slot[slots[kept]])
        claims = [claim for claim, stands in zip(state.claims, state.alive, strict=True) if stands]
        kinds = [self._places[claim.protection][1] for claim in claims]
        self._places = {claim.protection: (slot, kinds[slot]) for slot, claim in enumerate(claims)}
        return State(codes, claims, np.ones(len(claims), np.bool_), state.kinds)

    def search(self, asked: Iterable[Fingerprint]) -> list[Hit]:
        return self._search(self._state, asked)

    def search_each(self, questions: Sequence[Iterable[Fingerprint]]) -> list[list[Hit]]:
        state = self._state
        return [self._search(state, asked) for asked in questions]

    def _search(self, state: State, asked: Iterable[Fingerprint]) -> list[Hit]:
        questions: dict[tuple[str, str], list[Hash]] = defaultdict(list)
        for fingerprint in asked:
            for item in fingerprint.hashes:
                questions[fingerprint.profile, item.algorithm].append(item)
        return [
            Hit(state.claims[slot], *key, distance)
            for key, hashes in questions.items()
            for slot, distance in nearest(self._algorithms[key], state.codes[key], hashes).items()
            if state.alive[slot]
        ]

    def reached_by(self, profiles: Collection[str]) -> bool:
        return all(kind.intersection(profiles) for kind in self._state.kinds)


def nearest(algorithm: Algorithm, codes: Codes, hashes: Sequence[Hash]) -> dict[int, int]:
    """The smallest distance for each slot that has a candidate within the algorithm's widest threshold."""
    queries = as_words(hashes)
    found: dict[int, int] = {}
    for start in range(0, codes.length, CHUNK):
        stop = min(start + CHUNK, codes.length)
        words = codes.words[start:stop]
        _, code, distance = near(algorithm, queries, words)
        for slot, value in zip(codes.slots[start + code].tolist(), distance.tolist(), strict=True):
            found[slot] = min(value, found.get(slot, value))
    return found


def near(
    algorithm: Algorithm, queries: Words, words: Words
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Distances]:
    """The pairs of query and code that are candidates within the widest threshold, and their distances."""
    comparison, widest = algorithm.comparison, algorithm.thresholds.possible
    asked, stored = queries[:, :WORDS], words[:, :WORDS]
    if isinstance(comparison, TileAgreement):
        # The candidate rule would leave out none of them: whatever agrees at all does so in a band.
        distance = tile_distance(tiled(asked, comparison)[:, None], tiled(stored, comparison)[None], comparison)
        query, code = np.nonzero(distance <= widest)
        return query, code, distance[query, code]
    bits = hamming(asked, stored)
    query, code = np.nonzero(bits <= widest)
    compared = candidates(asked[query] ^ stored[code], algorithm.candidates)
    query, code = query[compared], code[compared]
    distance = bits[query, code] + penalty(queries[query, WORDS:], words[code, WORDS:], comparison)
    within = distance <= widest
    return query[within], code[within], distance[within]

"""An immutable part of the index: flat arrays of claims and codes, which can lie in memory of any kind."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

import numpy as np
import numpy.typing as npt

from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.profile import PROFILES, Profile
from matching.hashing.rules import TileAgreement
from matching.index import kernels
from matching.index.column import Column
from matching.index.interface import Claim
from matching.index.intrinsics import BEYOND, THREE
from matching.index.rule import Rule, permuted, rule_of
from matching.index.scan import WORDS, as_words

Array = npt.NDArray[Any]
Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.uint32]
Bytes = npt.NDArray[np.uint8]
Booleans = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]
Key = tuple[str, str]  # profile and algorithm
Put = Iterable[tuple[Claim, Sequence[Fingerprint]]]
Scalar = TypeVar("Scalar", bound=np.generic)

FEW: Final = 8192  # codes that are compared one by one: as fast as asking buckets
MOST: Final = (1 << 24) - 1  # codes of a block: their places and how many they are have three bytes


def frozen(array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """The same, not to be written to: the kernels are compiled for such arrays alone."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


class Claims(NamedTuple):
    """What protections say, in the order of their ids: `high` and `low` are the halves of those, `since` an ordinal.

    `profiles` are those that a protection has fingerprints of, a bit each.
    """

    high: Words
    low: Words
    since: npt.NDArray[np.int32]
    uses: Numbers
    profiles: Numbers
    assurance: Bytes


_KINDS: Final = (np.uint64, np.uint64, np.int32, np.uint32, np.uint32, np.uint8)
EMPTY: Final = Claims._make(np.empty(0, kind) for kind in _KINDS)


class Block(NamedTuple):
    """Codes of one algorithm of a profile, permuted, in the order of their slots; no textures where none are compared.

    A slot is the place of a claim. `offsets`, of each band its keys and one, lead into the `places` of codes, of each
    band all of them, sorted by the key that the band has there. Both are numbers of three bytes, with some bytes behind
    them, and empty where everything is compared.
    """

    codes: Words
    textures: Words
    slots: Numbers
    offsets: Bytes
    places: Bytes

    def with_buckets(self, rule: Rule) -> "Block":
        offsets = np.zeros(THREE * rule.keys_among(len(self.codes)) + BEYOND, np.uint8)
        places = np.zeros(THREE * rule.bands * len(self.codes) + BEYOND, np.uint8)
        kernels.fill(self.codes, rule, offsets, places)
        return self._replace(offsets=frozen(offsets), places=frozen(places))

    def slice(self, start: int, stop: int) -> "Block":
        return unsorted(self.codes[start:stop], self.textures[start:stop], self.slots[start:stop])


def unsorted(codes: Words, textures: Words, slots: Numbers) -> Block:
    none = frozen(np.empty(0, np.uint8))
    return Block(frozen(codes), frozen(textures), frozen(slots), none, none)


class Rules:
    """The profiles that an index knows, with what its kernels need of them, and how its segments lie in memory."""

    name: Final = "index"

    def __init__(self, *profiles: Profile) -> None:
        """These profiles; without any, all that are known. Raises ValueError for one that has no place in the index."""
        self.profiles = profiles or tuple(PROFILES.values())
        self.algorithms = {
            (profile.name, name): algorithm
            for profile in self.profiles
            for name, algorithm in profile.algorithms.items()
        }
        self.rules = {key: rule_of(algorithm) for key, algorithm in self.algorithms.items()}
        self._bits = {profile.name: 1 << place for place, profile in enumerate(self.profiles)}

    def mask(self, names: Iterable[str]) -> int:
        """The bits of these profiles; one that is not known here has none."""
        return sum(self._bits.get(name, 0) for name in set(names))

    def words(self, key: Key, hashes: Sequence[Hash]) -> tuple[Words, Words]:
        """Codes and textures as the kernels take them, (n, 4) each."""
        words, comparison = as_words(hashes), self.algorithms[key].comparison
        if isinstance(comparison, TileAgreement):
            return frozen(permuted(words[:, :WORDS], comparison)), frozen(np.empty((0, WORDS), np.uint64))
        codes = permuted(words[:, :WORDS], self.algorithms[key].candidates)
        return frozen(codes), frozen(permuted(words[:, WORDS:], comparison.texture))

    def arrays_of(self, segment: "Segment") -> dict[str, Array]:
        arrays = claim_arrays(segment)
        for (profile, algorithm), blocks in segment.blocks.items():
            for number, block in enumerate(blocks):
                arrays |= {f"{profile}/{algorithm}/{number}/{name}": each for name, each in block._asdict().items()}
        return arrays

    def to_fill(self, _: "Segment") -> dict[str, tuple[str, tuple[int, ...]]]:
        return {}

    def fill(self, arrays: dict[str, Array]) -> None:
        pass

    def segment_of(self, arrays: dict[str, Array]) -> "Segment":
        blocks: dict[Key, tuple[Block, ...]] = {}
        for profile, algorithm in self.rules:
            first = f"{profile}/{algorithm}/"
            count = sum(name.startswith(first) and name.endswith("/slots") for name in arrays)
            blocks[profile, algorithm] = tuple(
                Block(*(arrays[f"{first}{number}/{name}"] for name in Block._fields)) for number in range(count)
            )
        return Segment(claims_in(arrays), blocks)


@dataclass(frozen=True, slots=True)
class Claimed(ABC):
    """Claims, each of which has a slot: its place among them, and their codes, whatever those are."""

    claims: Claims

    @abstractmethod
    def __len__(self) -> int:
        """How many codes there are."""

    @property
    @abstractmethod
    def plain(self) -> bool:
        """Whether it has so many codes that buckets are due, and none yet."""

    @abstractmethod
    def codes_of(self, these: Indices) -> int:
        """How many codes these claims have."""

    def slots_of(self, high: Words, low: Words) -> Indices:
        """Where these protections are; those that are not here are left out."""
        if not len(self.claims.high):
            return np.empty(0, np.intp)
        place = np.searchsorted(self.claims.high, high)
        end = np.searchsorted(self.claims.high, high, "right")
        for twin in np.nonzero(end - place > 1)[0]:  # of random ids almost none share a half
            place[twin] += np.searchsorted(self.claims.low[place[twin] : end[twin]], low[twin])
        place = np.minimum(place, len(self.claims.high) - 1)
        return np.asarray(place[(self.claims.high[place] == high) & (self.claims.low[place] == low)])

    def claim(self, slot: int) -> Claim:
        return self.claims_of(np.array([slot]))[0]

    def claims_of(self, slots: Indices | Numbers) -> list[Claim]:
        claims = self.claims
        columns = (claims.high, claims.low, claims.uses, claims.assurance, claims.since)
        return [
            Claim(UUID(int=high << 64 | low), uses, assurance, date.fromordinal(since))
            for high, low, uses, assurance, since in zip(*(each[slots].tolist() for each in columns), strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Segment(Claimed):
    """Claims, and the blocks of their codes."""

    blocks: Mapping[Key, tuple[Block, ...]]

    def __len__(self) -> int:
        return sum(len(block.codes) for blocks in self.blocks.values() for block in blocks)

    @property
    def plain(self) -> bool:
        return any(len(b.codes) > FEW and not len(b.offsets) for blocks in self.blocks.values() for b in blocks)

    def codes_of(self, these: Indices) -> int:
        slots = these.astype(np.uint32)  # as the others are, or all of those would be converted
        return sum(
            int((np.searchsorted(block.slots, slots, "right") - np.searchsorted(block.slots, slots, "left")).sum())
            for blocks in self.blocks.values()
            for block in blocks
        )

    def search(self, key: Key, rule: Rule, asked: Words, textures: Words, ends: Numbers) -> Numbers:
        """What several questions find, whose codes end there in `asked`: (n, 3) of question, slot, least distance."""
        claims = len(self.claims.high)
        found = [kernels.search(asked, textures, ends, *block, rule, claims) for block in self.blocks.get(key, ())]
        if len(found) < 2:
            return found[0] if found else np.empty((0, 3), np.uint32)
        merged = np.concatenate(found)
        merged = merged[np.lexsort(merged.T[::-1])]
        again = (merged[1:, :2] == merged[:-1, :2]).all(axis=1)  # a slot's codes may lie in two blocks
        return merged[np.concatenate([[True], ~again])] if len(merged) else merged


def claim_arrays(segment: Claimed) -> dict[str, Array]:
    return {f"claims/{name}": column for name, column in segment.claims._asdict().items()}


def claims_in(arrays: dict[str, Array]) -> Claims:
    return Claims(*(arrays[f"claims/{name}"] for name in Claims._fields))


def halves(protections: Iterable[UUID]) -> tuple[Words, Words]:
    """The two halves of ids."""
    both = np.frombuffer(bytearray().join(each.bytes for each in protections), ">u8").astype(np.uint64)
    return both[0::2].copy(), both[1::2].copy()


def columns(claims: Sequence[Claim], profiles: Sequence[int]) -> Claims:
    """Of claims in order, and the profiles of each."""
    high, low = halves(claim.protection for claim in claims)
    return Claims(
        high,
        low,
        np.array([claim.since.toordinal() for claim in claims], np.int32),
        np.array([claim.uses for claim in claims], np.uint32),
        np.array(profiles, np.uint32),
        np.array([claim.assurance for claim in claims], np.uint8),
    )


def gathered(put: Put, rules: Rules) -> Segment:
    """Claims with their codes in order, without buckets. No protection may be there twice."""
    put = sorted(put, key=lambda one: one[0].protection.bytes)
    claims = [claim for claim, _ in put]
    hashes: dict[Key, list[tuple[int, Hash]]] = {key: [] for key in rules.rules}
    for slot, (_, fingerprints) in enumerate(put):
        for fingerprint in fingerprints:
            for item in fingerprint.hashes:
                if (kept := hashes.get((fingerprint.profile, item.algorithm))) is not None:
                    kept.append((slot, item))
    return Segment(
        columns(claims, [rules.mask(each.profile for each in fingerprints) for _, fingerprints in put]),
        {
            key: (unsorted(*rules.words(key, [item for _, item in kept]), np.array([s for s, _ in kept], np.uint32)),)
            for key, kept in hashes.items()
            if kept
        },
    )


def joined_claims(parts: Sequence[tuple[Claimed, Booleans]]) -> tuple[Claims, list[Indices], list[Numbers]]:
    """The claims of several segments that are alive, in order; of each segment their slots there, and those here."""
    kept = [np.nonzero(alive)[0] for _, alive in parts]
    columns = [[column[slots] for column in segment.claims] for (segment, _), slots in zip(parts, kept, strict=True)]
    claims = Claims._make(np.concatenate(of_each) for of_each in zip(*columns, strict=True))
    order = np.lexsort((claims.low, claims.high))
    claims = Claims._make(column[order] for column in claims)
    place = np.empty(len(order), np.uint32)
    place[order] = np.arange(len(order), dtype=np.uint32)
    places = np.split(place, np.cumsum([len(slots) for slots in kept])[:-1])
    return claims, kept, places


def joined(parts: Sequence[tuple[Segment, Booleans]], rules: Rules) -> Segment:
    """One segment of those claims of several that are alive, in order, with buckets. No protection is alive twice."""
    claims, kept, places = joined_claims(parts)
    return Segment(claims, {key: tuple(_blocks(key, parts, kept, places, rules)) for key in rules.rules})


def built(batches: Iterable[Put], rules: Rules) -> Segment:
    """One segment of everything that is put: protections in the order of their ids from batch to batch, none twice.

    What is read is held once. Raises ValueError for disorder.
    """
    claims = [(name, Column()) for name in Claims._fields]
    columns: defaultdict[Key, tuple[Column, Column, Column]] = defaultdict(lambda: (Column(), Column(), Column()))
    count, last = 0, (-1, -1)
    for batch in batches:
        part = gathered(batch, rules)
        if not len(part.claims.high):
            continue
        if (int(part.claims.high[0]), int(part.claims.low[0])) <= last:
            raise ValueError("protections do not come in the order of their ids")
        for name, column in claims:
            column.append(getattr(part.claims, name))
        for key, (block,) in part.blocks.items():
            codes, textures, slots = columns[key]
            codes.append(block.codes)
            textures.append(block.textures)
            slots.append(block.slots + np.uint32(count))
        last = int(part.claims.high[-1]), int(part.claims.low[-1])
        count += len(part.claims.high)
    return Segment(
        Claims._make(column.array() for _, column in claims) if count else EMPTY,
        {key: tuple(_cut(unsorted(*(each.array() for each in of)), rules.rules[key])) for key, of in columns.items()},
    )


def _cut(whole: Block, rule: Rule) -> Iterator[Block]:
    """Blocks of codes as many as places can be told apart, with buckets where they are many."""
    for start in range(0, len(whole.codes), MOST):
        block = whole.slice(start, start + MOST)
        yield block if len(block.codes) <= FEW else block.with_buckets(rule)


def _blocks(
    key: Key,
    parts: Sequence[tuple[Segment, Booleans]],
    kept: Sequence[Indices],
    places: Sequence[Numbers],
    rules: Rules,
) -> Iterator[Block]:
    none = np.empty((0, WORDS), np.uint64)
    codes, textures, slots = [none], [none], [np.empty(0, np.uint32)]
    for (segment, alive), old, new in zip(parts, kept, places, strict=True):
        new_slot = np.zeros(len(alive), np.uint32)
        new_slot[old] = new
        for block in segment.blocks.get(key, ()):
            stands = alive[block.slots]
            codes.append(block.codes[stands])
            textures.append(block.textures[stands] if len(block.textures) else block.textures)
            slots.append(new_slot[block.slots[stands]])
    all_slots = np.concatenate(slots)
    order = np.argsort(all_slots, kind="stable")
    all_textures = np.concatenate(textures)
    whole = unsorted(
        np.concatenate(codes)[order], all_textures[order] if len(all_textures) else all_textures, all_slots[order]
    )
    yield from _cut(whole, rules.rules[key])

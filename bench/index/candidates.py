"""What is measured: our index, our own scan, faiss, and threatexchange; each on the same codes, asked the same."""

from collections.abc import Callable
from typing import Final, NamedTuple

import faiss
import numpy as np
from threatexchange.signal_type.pdq.pdq_index import PDQIndex

from bench.index.data import PDQ, TODAY, Registry, protections
from matching.hashing.fingerprint import Fingerprint
from matching.hashing.profile import VETO_1
from matching.index import scan
from matching.index.rule import permuted
from matching.index.scan import as_words
from matching.index.segment import FEW, MOST, Block, Claims, Rules, Segment, halves, unsorted
from matching.index.segmented import SegmentedIndex

RADIUS: Final = 31  # what PDQ's authors recommend, and what is asked of faiss

Ask = Callable[[Fingerprint], object]
Found = set[tuple[str, int, int]]  # algorithm, photo, distance


class Candidate(NamedTuple):
    """`most` queries are asked of it; `bytes_per_code` counts what it holds, if that can be told."""

    name: str
    ask: Ask
    bytes_per_code: float | None
    most: int


def segment_of(registry: Registry, rules: Rules) -> Segment:
    """As `joined` would build it, without a million objects in between."""
    high, low = halves(protections(registry.size))
    claims = Claims(
        high,
        low,
        np.full(registry.size, TODAY.toordinal(), np.int32),
        np.full(registry.size, 63, np.uint32),
        np.full(registry.size, 1, np.uint32),
        np.zeros(registry.size, np.uint8),
    )
    return Segment(claims, {key: _blocks(registry, key, rules) for key in registry.words})


def _blocks(registry: Registry, key: tuple[str, str], rules: Rules) -> tuple[Block, ...]:
    codes, textures = registry.words[key]
    slots = registry.slots[key]
    order = np.argsort(slots, kind="stable")
    algorithm = VETO_1.algorithms[key[1]]
    if key == PDQ:
        by, its_textures = algorithm.candidates, permuted(textures, algorithm.comparison.texture)[order]
    else:
        by, its_textures = algorithm.comparison, textures[:0]
    whole = unsorted(permuted(codes, by)[order], its_textures, slots[order])
    parts = [whole.slice(start, start + MOST) for start in range(0, len(order), MOST)]
    return tuple(part.with_buckets(rules.rules[key]) if len(part.slots) > FEW else part for part in parts)


def bytes_of(segment: Segment) -> int:
    blocks = [block for each in segment.blocks.values() for block in each]
    return sum(array.nbytes for part in (segment.claims, *blocks) for array in part)


def found_by(index: SegmentedIndex, question: Fingerprint) -> Found:
    """What the scan says, in its words."""
    low = (1 << 64) - 1
    return {(hit.algorithm, hit.claim.protection.int & low, hit.distance) for hit in index.search([question])}


def our_scan(registry: Registry) -> Candidate:
    held = {
        key: scan.Codes(np.concatenate(words, axis=1), registry.slots[key].astype(np.int64), len(words[0]))
        for key, words in registry.words.items()
    }

    def ask(question: Fingerprint) -> Found:
        asked = {key: [item for item in question.hashes if item.algorithm == key[1]] for key in held}
        return {
            (key[1], slot, distance)
            for key, hashes in asked.items()
            if hashes
            for slot, distance in scan.nearest(VETO_1.algorithms[key[1]], held[key], hashes).items()
        }

    codes = sum(each.length for each in held.values())
    size = sum(each.words.nbytes + each.slots.nbytes for each in held.values())
    return Candidate("scan", ask, size / codes, max(3, min(10, 5_000_000 // codes)))


def faiss_flat(registry: Registry) -> Candidate:
    codes = np.ascontiguousarray(registry.words[PDQ][0]).view(np.uint8)
    index = faiss.IndexBinaryFlat(256)
    index.add(codes)
    return Candidate("faiss flat, PDQ bits alone", _of_faiss(index), 32, 40)


def threatexchange(registry: Registry) -> Candidate:
    """What Hasher-Matcher-Actioner asks: faiss's multi-hash, 16 hashes of 16 bits, and a list of entries."""
    index: PDQIndex[int] = PDQIndex()
    index.add_all(
        (code.tobytes().hex(), slot) for code, slot in zip(registry.words[PDQ][0], registry.slots[PDQ], strict=True)
    )

    def ask(question: Fingerprint) -> object:
        faiss.omp_set_num_threads(1)
        return [index.query(item.bits.hex()) for item in question.hashes if item.algorithm == "pdq"]

    return Candidate("threatexchange PDQIndex, PDQ bits alone", ask, None, 100)


def _of_faiss(index: "faiss.IndexBinary") -> Ask:
    faiss.omp_set_num_threads(1)

    def ask(question: Fingerprint) -> object:
        hashes = [item for item in question.hashes if item.algorithm == "pdq"]
        return index.range_search(np.ascontiguousarray(as_words(hashes)[:, :4]).view(np.uint8), RADIUS + 1)

    return ask

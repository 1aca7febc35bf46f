"""The indexes against a model that compares everything bit by bit, and against each other."""

import threading
import uuid
from dataclasses import replace
from datetime import date
from itertools import product
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.profile import VETO_1
from matching.hashing.rules import (
    BITS,
    CandidateRule,
    ConfirmedHamming,
    Thresholds,
    TileAgreement,
    permutation,
)
from matching.index import scan, segment
from matching.index.interface import Claim, Hit
from matching.index.scan import ScanIndex
from matching.index.segmented import SegmentedIndex
from tests.integration.sequence.hashes import random_hash

SINCE = date(2026, 1, 1)
seeds = st.integers(0, 7)  # few, so that photos come near each other
flips = st.sets(st.integers(0, BITS - 1), max_size=64)
algorithms = st.sampled_from(["pdq", "dhash"])
SEEDS = [int.from_bytes(bytes((31 * seed + 7 * place) % 256 for place in range(32))) for seed in range(8)]


def code(seed: int, flipped: set[int]) -> bytes:
    return (SEEDS[seed] ^ sum(1 << bit for bit in flipped)).to_bytes(32)


textures = st.one_of(st.just(b""), st.builds(code, seeds, flips))
hashes = st.builds(
    lambda seed, flipped, algorithm, texture: Hash("full", algorithm, code(seed, flipped), 100, texture=texture),
    seeds,
    flips,
    algorithms,
    textures,
)

# A second profile with rules of its own: nearer thresholds, fewer bands, another permutation.
NARROW = replace(
    VETO_1,
    name="narrow",
    algorithms={
        name: replace(
            algorithm,
            thresholds=Thresholds(strong=10, match=20, possible=40),
            candidates=CandidateRule(permutation=permutation("narrow"), bands=8, flips=1),
        )
        for name, algorithm in VETO_1.algorithms.items()
    },
)
PROFILES = {VETO_1.name: VETO_1, NARROW.name: NARROW}
several = st.lists(hashes, min_size=1, max_size=4)
fingerprints = st.dictionaries(st.sampled_from(list(PROFILES)), several, min_size=1).map(
    lambda each: [Fingerprint(name, tuple(some), 100) for name, some in each.items()]
)


def bit(bits: bytes, place: int) -> int:
    return bits[place // 8] >> (7 - place % 8) & 1


def found(profile: str, stored: Hash, asked: Hash) -> int | None:
    """The distance, if the profile's words admit it."""
    if stored.algorithm != asked.algorithm:
        return None
    algorithm = PROFILES[profile].algorithms[stored.algorithm]
    if isinstance(algorithm.comparison, TileAgreement):
        lacking = lacking_agreement(algorithm.comparison, stored.bits, asked.bits)
        return lacking if lacking <= algorithm.thresholds.possible else None
    rule_ = algorithm.candidates
    differs = [bit(stored.bits, place) != bit(asked.bits, place) for place in rule_.permutation]
    near = any(sum(differs[start:end]) <= rule_.flips for start, end in zip((0, *rule_.ends), rule_.ends, strict=False))
    distance = sum(differs) + penalty(algorithm.comparison, stored.texture, asked.texture)
    return distance if near and distance <= algorithm.thresholds.possible else None


def penalty(comparison: ConfirmedHamming, stored: bytes, asked: bytes) -> int:
    if not stored or not asked:
        return comparison.unconfirmed
    return -(-lacking_agreement(comparison.texture, stored, asked) // comparison.share)


def lacking_agreement(comparison: TileAgreement, stored: bytes, asked: bytes) -> int:
    """The distance as the profile words it, tile by tile and bit by bit."""
    agreement = 0
    for tile in range(16):
        rows = [16 * (4 * (tile // 4) + row) + 4 * (tile % 4) for row in range(4)]
        places = [first + column for first in rows for column in range(4)]
        flips_ = sum(bit(stored, place) != bit(asked, place) for place in places)
        if flips_ < len(comparison.worth):
            agreement += comparison.worth[flips_] * detail(comparison, stored, rows)
    return max(0, comparison.full - agreement)


def detail(comparison: TileAgreement, code_: bytes, rows: list[int]) -> int:
    across = sum(bit(code_, first + at) != bit(code_, first + at + 1) for first in rows for at in range(3))
    down = sum(bit(code_, rows[at] + c) != bit(code_, rows[at + 1] + c) for at in range(3) for c in range(4))
    return max(0, across + down - comparison.smooth)


class AgainstModel(RuleBasedStateMachine):
    protections = Bundle("protections")
    new_index: type[ScanIndex | SegmentedIndex] = ScanIndex

    def __init__(self) -> None:
        super().__init__()
        self.index: ScanIndex | SegmentedIndex = self.new_index(*PROFILES.values())
        self.model: dict[UUID, tuple[Claim, list[Fingerprint]]] = {}

    def put(self, protection: UUID, mask: int, given: list[Fingerprint]) -> tuple[Claim, list[Fingerprint]]:
        entry = (Claim(protection, mask, 0, SINCE), given)
        self.model[protection] = entry
        return entry

    @rule(target=protections, mask=st.integers(1, 63), given=fingerprints)
    def protect(self, mask: int, given: list[Fingerprint]) -> UUID:
        protection = uuid.uuid4()
        self.index.apply([self.put(protection, mask, given)], [])
        return protection

    @rule(protection=protections, mask=st.integers(1, 63), given=fingerprints)
    def revise(self, protection: UUID, mask: int, given: list[Fingerprint]) -> None:
        self.index.apply([self.put(protection, mask, given)], [])

    @rule(protection=protections, given=fingerprints)
    def revise_twice_at_once(self, protection: UUID, given: list[Fingerprint]) -> None:
        before = Fingerprint("veto-1", (Hash("full", "pdq", b"\xaa" * 32, 100),), 100)
        first = (Claim(protection, 1, 0, SINCE), [before])
        self.index.apply([first, self.put(protection, 2, given)], [protection])

    @rule(gone=st.lists(consumes(protections), max_size=3), unknown=st.booleans())
    def withdraw(self, gone: list[UUID], unknown: bool) -> None:
        for protection in gone:
            self.model.pop(protection, None)
        self.index.apply([], [*gone, uuid.uuid4()] if unknown else gone)

    @rule(asked=fingerprints)
    def search(self, asked: list[Fingerprint]) -> None:
        expected: dict[tuple[UUID, str, str], Hit] = {}
        for (claim, kept), question in product(self.model.values(), asked):
            for fingerprint in kept:
                if fingerprint.profile != question.profile:
                    continue
                for stored, item in product(fingerprint.hashes, question.hashes):
                    distance = found(question.profile, stored, item)
                    place = (claim.protection, question.profile, stored.algorithm)
                    if distance is not None and (place not in expected or distance < expected[place].distance):
                        expected[place] = Hit(claim, question.profile, stored.algorithm, distance)
        hits = self.index.search(asked)
        assert len(hits) == len(expected)
        assert {(hit.claim.protection, hit.profile, hit.algorithm): hit for hit in hits} == expected

    @invariant()
    def knows_whom_a_question_reaches(self) -> None:
        kinds = [{fingerprint.profile for fingerprint in kept} for _, kept in self.model.values()]
        for asked in ({"veto-1"}, {"narrow"}, {"veto-1", "narrow"}, set[str]()):
            assert self.index.reached_by(asked) == all(kind & asked for kind in kinds)

    @invariant()
    def counts_what_stands(self) -> None:
        assert len(self.index) == sum(len(one.hashes) for _, kept in self.model.values() for one in kept)


class SegmentedAgainstModel(AgainstModel):
    new_index = SegmentedIndex

    @rule()
    def merge(self) -> None:
        assert isinstance(self.index, SegmentedIndex)
        if due := self.index.due():
            self.index.merge(due)

    @rule(gone=st.lists(consumes(AgainstModel.protections), max_size=2), mask=st.integers(1, 63), given=fingerprints)
    def change_in_the_midst_of_a_merge(self, gone: list[UUID], mask: int, given: list[Fingerprint]) -> None:
        assert isinstance(self.index, SegmentedIndex)
        if due := self.index.due():

            def place(made: segment.Segment) -> segment.Segment:
                for each in list(self.model)[-1:]:
                    self.revise(each, mask, given)
                self.withdraw(gone, unknown=False)
                return made

            self.index.merge(due, place)


SETTINGS = settings(max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("few", [0, 2, 6, segment.FEW])
def test_the_segmented_index_answers_as_the_model_does(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """`few` is up to how many codes there are no buckets; blocks have at most seven."""
    monkeypatch.setattr(segment, "FEW", few)
    monkeypatch.setattr(segment, "MOST", 7)
    run_state_machine_as_test(SegmentedAgainstModel, settings=SETTINGS)


@pytest.mark.parametrize("few", [1, 4, scan.FEW])
def test_the_index_answers_as_the_model_does(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """`few` is after how many claims the codes of the dead are cleared away; `CHUNK` is cut so that searches loop."""
    monkeypatch.setattr(scan, "FEW", few)
    monkeypatch.setattr(scan, "CHUNK", 3)
    run_state_machine_as_test(AgainstModel, settings=SETTINGS)


def one(claim_id: UUID, text: str) -> tuple[Claim, list[Fingerprint]]:
    return Claim(claim_id, 1, 0, SINCE), [Fingerprint("veto-1", (Hash("full", "pdq", bytes.fromhex(text), 100),), 100)]


@pytest.mark.parametrize("new_index", [ScanIndex, SegmentedIndex])
def test_a_search_while_others_come_and_go_never_misses_what_stands(  # noqa: C901 (what the threads do)
    monkeypatch: pytest.MonkeyPatch, new_index: type[ScanIndex | SegmentedIndex]
) -> None:
    """Through growth, revisions, merges and clearing away; and what was withdrawn before it began is never found."""
    monkeypatch.setattr(scan, "FEW", 32)
    monkeypatch.setattr(segment, "FEW", 10)
    index = new_index()
    standing = [(uuid.uuid4(), random_hash()) for _ in range(20)]
    gone = [(uuid.uuid4(), random_hash()) for _ in range(20)]
    index.apply([one(*each) for each in [*standing, *gone]], [])
    index.apply([], [protection for protection, _ in gone])
    ended = threading.Event()
    wrong: list[str] = []
    searched = [0]
    merged = [0]

    def search() -> None:
        hashes = [Hash("full", "pdq", bytes.fromhex(text), 100) for _, text in [*standing, *gone]]
        questions = [Fingerprint("veto-1", tuple(hashes), 100)]
        while not ended.is_set():
            hits = {hit.claim.protection: hit for hit in index.search(questions)}
            wrong.extend("missed" for protection, _ in standing if protection not in hits)
            wrong.extend("withdrawn" for protection, _ in gone if protection in hits)
            wrong.extend(
                "another's" for hit in hits.values() if hit.distance > VETO_1.algorithms["pdq"].thresholds.strong
            )
            searched[0] += 1

    def merge() -> None:
        while not ended.is_set():
            if isinstance(index, SegmentedIndex) and (due := index.due()):
                index.merge(due)
                merged[0] += 1

    searchers = [threading.Thread(target=each) for each in (search, search, search, merge)]
    for searcher in searchers:
        searcher.start()
    try:
        passing: list[UUID] = []
        turn = 0
        while turn < 300 or searched[0] < 50:
            turn += 1
            new = [uuid.uuid4() for _ in range(7)]
            revised = standing[turn % len(standing)]
            index.apply([*(one(each, random_hash()) for each in new), one(*revised)], passing[:6])
            passing = [*passing[6:], *new]
            if len(passing) > 60:
                index.apply([], passing)
                passing = []
    finally:
        ended.set()
        for searcher in searchers:
            searcher.join()
    assert not wrong
    assert merged[0] or new_index is ScanIndex
    assert len(index) == len(standing) + len(passing)

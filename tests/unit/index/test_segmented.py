"""The segmented index gives the answers of the plain one, which compares everything."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.profile import VETO_1
from matching.index import kernels, segment
from matching.index.interface import Hit
from matching.index.scan import WORDS, ScanIndex
from matching.index.segment import EMPTY, Rules, Segment, built, frozen, unsorted
from matching.index.segmented import SegmentedIndex, warm
from tests.unit.index.photos import Put, asking, code, flipped, near, photo

BUCKETS = 500  # codes beyond which these tests want buckets


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "FEW", BUCKETS)


def both(photos: list[Put]) -> tuple[SegmentedIndex, ScanIndex]:
    rules, oracle = Rules(), ScanIndex()
    oracle.apply(photos, [])
    return SegmentedIndex.of(built([photos], rules), rules), oracle


def in_order(hits: list[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: (hit.claim.protection, hit.algorithm))


@pytest.fixture(scope="module")
def source() -> random.Random:
    return random.Random(6)


@pytest.fixture
def photos(source: random.Random) -> list[Put]:
    return [photo(source) for _ in range(1500)]


def questions(source: random.Random, photos: list[Put]) -> Iterator[Hash]:
    """Thousands: at every distance, and a flip or two in each band while all others differ."""
    for distance in range(65):
        for _ in range(30):
            item = source.choice(source.choice(photos)[1][0].hashes)
            yield near(source, item, distance)
    for algorithm in VETO_1.algorithms.values():
        rule = algorithm.candidates
        bands = [rule.permutation[start:end] for start, end in zip((0, *rule.ends), rule.ends, strict=False)]
        for band in range(rule.bands):
            for flips in [rule.flips] * 20 + [rule.flips + 1]:
                item = next(each for each in source.choice(photos)[1][0].hashes if each.algorithm == algorithm.name)
                places = [
                    place
                    for other, bits in enumerate(bands)
                    for place in source.sample(bits, flips if other == band else rule.flips + 1)
                ]
                yield item._replace(bits=flipped(item.bits, *places))


def test_thousands_of_questions_get_the_plain_index_s_answers(source: random.Random, photos: list[Put]) -> None:
    index, oracle = both(photos)
    asked = list(questions(source, photos))
    found = 0
    for question in asked:
        hits = in_order(index.search(asking(question)))
        assert hits == in_order(oracle.search(asking(question)))
        found += len(hits)
    assert len(asked) > 2000
    assert found > 500


@pytest.mark.parametrize("name", ["pdq", "dhash"])
def test_a_code_is_found_whether_its_place_takes_one_byte_or_three(name: str) -> None:
    rules, count, key = Rules(), 70_000, (VETO_1.name, name)
    codes = np.random.default_rng(7).integers(0, 2**64, (count, WORDS), np.uint64)
    textures = codes if name == "pdq" else codes[:0]
    block = unsorted(codes, textures, np.arange(count, dtype=np.uint32)).with_buckets(rules.rules[key])
    held = Segment(EMPTY._replace(high=np.zeros(count, np.uint64)), {key: (block,)})
    places = [0, 255, 256, 65_535, 65_536, count - 1]
    asked = frozen(codes[places]), frozen(codes[places] if name == "pdq" else textures)
    found = held.search(key, rules.rules[key], *asked, frozen(np.arange(1, len(places) + 1, dtype=np.uint32)))
    assert found.tolist() == [[question, place, 0] for question, place in enumerate(places)]


def test_all_hashes_of_an_image_are_asked_at_once(source: random.Random, photos: list[Put]) -> None:
    index, oracle = both(photos)
    asked = asking(*questions(source, photos))
    assert in_order(index.search(asked)) == in_order(oracle.search(asked))
    assert len(index.search(asked)) > 500


@pytest.mark.parametrize("size", [0, 1, 2])
@pytest.mark.parametrize("few", [0, BUCKETS])
def test_indexes_of_hardly_a_code_answer(
    monkeypatch: pytest.MonkeyPatch, source: random.Random, size: int, few: int
) -> None:
    monkeypatch.setattr(segment, "FEW", few)
    photos = [photo(source, pdq=1) for _ in range(size)]
    index, oracle = both(photos)
    asked = asking(*(item for _, prints in photos for item in prints[0].hashes), Hash("full", "pdq", bytes(32), 100))
    assert in_order(index.search(asked)) == in_order(oracle.search(asked))
    assert len(index.search(asked)) == len(asked[0].hashes) - 1
    assert index.reached_by([VETO_1.name])
    assert index.reached_by([]) == (size == 0)
    assert len(index) == 2 * size


def test_thousands_of_copies_of_one_photo_are_all_found(source: random.Random) -> None:
    item = Hash("full", "pdq", code(source), 100, texture=code(source))
    photos = [(photo(source)[0], asking(item)) for _ in range(5000)]
    index, _ = both(photos)
    hits = index.search(asking(*[near(source, item, 4)] * 40))
    assert {hit.claim for hit in hits} == {claim for claim, _ in photos}
    assert len(hits) == len(photos)


def test_ten_thousand_changes_with_merges_between_leave_the_plain_index_s_answers(source: random.Random) -> None:
    index, oracle = SegmentedIndex(), ScanIndex()
    standing: list[Put] = []
    for _ in range(250):
        new = [photo(source, pdq=1) for _ in range(30)]
        source.shuffle(standing)
        gone, standing = standing[:20], [*standing[20:], *new]
        for each in (index, oracle):
            each.apply(new, [claim.protection for claim, _ in gone])
        if due := index.due():
            index.merge(due)
    assert len(index) == len(oracle) == 2 * len(standing)
    asked = asking(*(near(source, prints[0].hashes[0], source.randrange(60)) for _, prints in standing[:1000]))
    assert in_order(index.search(asked)) == in_order(oracle.search(asked))


def test_merges_keep_the_segments_few(source: random.Random) -> None:
    index = SegmentedIndex()
    for _ in range(60):
        index.apply([photo(source) for _ in range(50)], [])
        while due := index.due():
            index.merge(due)
    assert len(index._state.parts) <= 6
    assert len(index) == 60 * 50 * 4


def test_no_question_waits_for_the_compiler(source: random.Random, photos: list[Put]) -> None:
    """Whatever is asked of whatever index: the kernels were compiled for it when they were warmed."""
    warm()
    compiled = {kernel: list(kernel.signatures) for kernel in (kernels.search, kernels.fill)}
    index, _ = both(photos)
    index.apply([photo(source)], [photos[0][0].protection])
    index.search(asking(*questions(source, photos)))
    index.search([Fingerprint(VETO_1.name, (), 0)])
    assert all(kernel.signatures == before and len(before) == 1 for kernel, before in compiled.items())


def test_what_is_gone_leaves_the_memory_with_a_clean_merge(source: random.Random, photos: list[Put]) -> None:
    index, _ = both(photos)
    gone, *others = photos
    assert index.due(clean=True) is None
    index.apply([], [gone[0].protection])
    assert index.due() is None
    due = index.due(clean=True)
    assert due is not None
    assert due.whole
    index.merge(due)
    [part] = index._state.parts
    assert len(part.segment) == sum(len(print_.hashes) for _, prints in others for print_ in prints)
    assert index.due(clean=True) is None

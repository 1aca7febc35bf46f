"""When an asked image passes for an excluded one: whole, in every frame, nearly alike; else never."""

import uuid
from dataclasses import replace

import pytest

from matching.decision import Excluded
from matching.excluded import ExcludedImages
from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.profile import PROFILES, VETO_1
from tests.integration.sequence.hashes import near, random_hash


def full(code: str, frame: int = 0, view: str = "full", algorithm: str = "pdq") -> Hash:
    return Hash(view, algorithm, bytes.fromhex(code), 100, frame=frame)


def question(*hashes: Hash, profile: str = "veto-1") -> Fingerprint:
    return Fingerprint(profile, hashes, 100)


@pytest.fixture
def code() -> str:
    return random_hash()


@pytest.fixture
def images(code: str) -> ExcludedImages:
    images = ExcludedImages()
    for each in (code, random_hash()):
        excluded = Excluded(uuid.uuid4(), protection=None, minimum_assurance=1)
        images.apply([(excluded, [question(full(each), full(reverse(each)))])], [])
    return images


def reverse(code: str) -> str:
    """As if the same image in another orientation."""
    return f"{int(f'{int(code, 16):0256b}'[::-1], 2):064x}"


def passes(images: ExcludedImages, *asked: Fingerprint) -> bool:
    return len(images.near(asked)) == 1


def test_a_near_copy_of_the_whole_passes_in_any_orientation(images: ExcludedImages, code: str) -> None:
    assert passes(images, question(full(code)))
    assert passes(images, question(full(near(code, 24)), full(near(reverse(code), 24)), full(code, view="main")))
    assert not passes(images, question(full(near(code, 28))))


def test_an_image_of_which_another_frame_is_another_does_not_pass(images: ExcludedImages, code: str) -> None:
    assert passes(images, question(full(code), full(near(code, 4), frame=1)))
    assert not passes(images, question(full(code), full(random_hash(), frame=1)))
    assert not passes(images, question(full(code), full(random_hash())))


def test_a_frame_of_which_only_parts_were_good_enough_does_not_pass(images: ExcludedImages, code: str) -> None:
    assert not passes(images, question(full(code), full(random_hash(), frame=1, view="main")))


def test_neither_a_part_nor_dhash_makes_an_image_pass(images: ExcludedImages, code: str) -> None:
    assert not passes(images, question(full(code, view="main")))
    assert not passes(images, question(full(code, algorithm="dhash")))
    assert not passes(images, question(full(random_hash()), full(code, view="main")))


def test_under_two_profiles_it_must_pass_in_each_that_the_excluded_image_has(
    images: ExcludedImages, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROFILES, "veto-2", replace(VETO_1, name="veto-2", code=2))
    images = ExcludedImages()
    older, both = (Excluded(uuid.uuid4(), protection=None, minimum_assurance=1) for _ in range(2))
    images.apply([(older, [question(full(code))])], [])
    images.apply([(both, [question(full(code)), question(full(code), profile="veto-2")])], [])
    alike = images.near([question(full(code)), question(full(code), profile="veto-2")])
    assert {each.id for each in alike} == {older.id, both.id}
    unlike = images.near([question(full(code)), question(full(random_hash()), profile="veto-2")])
    assert [each.id for each in unlike] == [older.id]
    assert images.near([question(full(code), profile="veto-2")]) == [both]


def test_what_was_withdrawn_passes_no_more(images: ExcludedImages, code: str) -> None:
    [excluded] = images.near([question(full(code))])
    images.apply([], [excluded.id])
    assert images.near([question(full(code))]) == []
    assert len(images) == 1

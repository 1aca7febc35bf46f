"""Exclusions: at once in every process like any other change, and no way to leave a photo unprotected.

In PDQ alone, 6 bits are added for the texture that is lacking: to 25 bits is strong, to 31 a match.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.sequence.hashes import near, random_hash
from tests.integration.sequence.processes import Actor, Cast, Line, World
from tests.integration.web import Web

TIMES = 30


@pytest.fixture
def writer(cast: Cast) -> Actor:
    return cast.actor()


@pytest.fixture
def hammered(cast: Cast) -> Iterator[None]:
    """Somebody else registers all the while."""
    other = cast.actor()
    other.tell("hammer")
    yield
    other.go_on()
    assert other.answer() > 0


def said(lines: list[Line], code: str, key: str, use: str = "edit") -> str:
    """What every worker says, each asked on its own connection."""
    [answer] = {line.check(code, key, uses=(use,)) for line in lines}
    return str(answer)


@pytest.mark.usefixtures("hammered")
def test_the_next_check_knows_an_exclusion_and_its_withdrawal(cast: Cast, lines: list[Line], live_key: str) -> None:
    writers = itertools.cycle(cast.actors(2))
    for _ in range(TIMES):
        photo = random_hash()
        stranger, other = near(photo, 28), near(photo, 28)
        made = next(writers).do("protect", code=photo)
        assert said(lines, stranger, live_key) == "protected"
        exclusion = next(writers).do("exclude", code=stranger, photo=made["photo"])
        assert said(lines, stranger, live_key) == "no_match"
        assert said(lines, near(stranger, 2), live_key) == "no_match"
        assert said(lines, photo, live_key) == "protected"
        assert said(lines, other, live_key) == "protected"
        assert next(writers).do("withdraw_exclusion", exclusion=exclusion)
        assert said(lines, stranger, live_key) == "protected"


def test_only_that_one_protection_is_excluded(writer: Actor, lines: list[Line], live_key: str) -> None:
    photo = random_hash()
    stranger = near(photo, 28)
    made, _of_another_person = writer.do("protect", code=photo), writer.do("protect", code=photo)
    writer.do("exclude", code=stranger, photo=made["photo"])
    assert said(lines, stranger, live_key) == "protected"


def test_what_is_strongly_the_photo_counts_however_near_it_is_to_an_excluded_image(
    writer: Actor, lines: list[Line], live_key: str
) -> None:
    photo = random_hash()
    stranger = near(photo, 28)
    made = writer.do("protect", code=photo)
    writer.do("exclude", code=stranger, photo=made["photo"])
    flipped = int(photo, 16) ^ int(stranger, 16)
    half = [bit for bit in range(256) if flipped >> bit & 1]
    ones = [bit for bit in half if int(photo, 16) >> bit & 1][:7]
    zeros = [bit for bit in half if not int(photo, 16) >> bit & 1][:7]
    between = f"{int(photo, 16) ^ sum(1 << bit for bit in ones + zeros):064x}"  # 14 bits from either
    assert said(lines, between, live_key) == "protected"


def test_a_photo_cannot_be_excluded_from_its_own_protection(writer: Actor, lines: list[Line], live_key: str) -> None:
    photo = random_hash()
    made = writer.do("protect", code=photo)
    for own in (photo, near(photo, 12), near(photo, 24)):
        assert writer.fails("exclude", code=own, photo=made["photo"]).startswith("TooNearError")
        assert said(lines, own, live_key) == "protected"


def test_on_commons_a_claim_counts_from_its_assurance_and_for_what_is_always_refused(
    writer: Actor, lines: list[Line], live_key: str
) -> None:
    public = random_hash()
    writer.do("protect", code=public, assurance=1)
    exclusion = writer.do("exclude", code=public, minimum_assurance=2)
    assert said(lines, public, live_key, "edit") == "no_match"
    assert said(lines, public, live_key, "likeness") == "no_match"
    assert said(lines, public, live_key, "sexualise") == "protected"
    assert said(lines, near(public, 28), live_key) == "protected"  # not near-identical
    vouched = writer.do("protect", code=public, assurance=2)
    assert said(lines, public, live_key) == "protected"
    assert writer.do("withdraw", photo=vouched["photo"])
    assert said(lines, public, live_key) == "no_match"
    assert writer.do("withdraw_exclusion", exclusion=exclusion)
    assert said(lines, public, live_key) == "protected"


def ask(web: Web, key: str, *hashes: tuple[str, str]) -> str:
    sent = [{"view": view, "hash": code} for view, code in hashes]
    body: dict[str, Any] = {"profile": "veto-1", "hashes": sent, "uses": ["edit"]}
    return str(web.check(body, key).json["result"])


def test_a_photo_inside_a_public_picture_keeps_its_protection(writer: Actor, two_workers: Web, live_key: str) -> None:
    """As another frame of one file, or as a part of one picture: both were ways to smuggle a photo past."""
    public, photo = random_hash(), random_hash()
    writer.do("protect", code=photo)
    writer.do("exclude", code=public, minimum_assurance=3)
    assert ask(two_workers, live_key, ("full", public)) == "no_match"
    assert ask(two_workers, live_key, ("full", public), ("full", photo)) == "protected"
    assert ask(two_workers, live_key, ("full", public), ("main", photo)) == "protected"
    assert ask(two_workers, live_key, ("main", public), ("full", photo)) == "protected"
    assert ask(two_workers, live_key, ("full", near(photo, 4)), ("main", public)) == "protected"


def test_a_part_that_is_more_strongly_the_photo_than_the_whole_counts(
    writer: Actor, two_workers: Web, live_key: str
) -> None:
    public = random_hash()
    photo = near(public, 28)
    writer.do("protect", code=photo)
    writer.do("exclude", code=public, minimum_assurance=1)
    assert ask(two_workers, live_key, ("full", public)) == "no_match"
    assert ask(two_workers, live_key, ("full", public), ("main", photo)) == "protected"


def test_a_new_process_knows_the_exclusions_and_an_erased_photo_takes_its_own_along(stage: Cast) -> None:
    writer, follower = stage.actors(2)
    follower.do("load")
    photo = random_hash()
    stranger = near(photo, 28)
    made = writer.do("protect", code=photo)
    before = follower.do("excluded")
    writer.do("exclude", code=stranger, photo=made["photo"])
    newcomer = stage.actor()
    newcomer.do("load")
    for reader in (follower, newcomer):
        assert reader.do("ask", code=stranger) == "no_match"
        assert reader.do("excluded") == before + 1
    assert writer.do("erase", photo=made["photo"])
    for reader in (follower, newcomer):
        assert reader.do("ask", code=photo) == "no_match"
        assert reader.do("excluded") == before


def test_an_exclusion_that_cannot_be_read_leaves_nothing_unsaid_but_denials(world: World, stage: Cast) -> None:
    writer, reader = stage.actors(2)
    reader.do("load")
    photo = random_hash()
    stranger = near(photo, 28)
    made = writer.do("protect", code=photo)
    assert reader.do("ask", code=photo) == "protected"
    exclusion = writer.do("exclude", code=stranger, photo=made["photo"])
    [(blob,)] = world.execute("SELECT blob FROM matching_exclusion WHERE id = %s", exclusion)
    world.execute("UPDATE matching_exclusion SET blob = set_bit(blob, 200, 1 - get_bit(blob, 200))")
    assert reader.do("ask", code=random_hash()) == "index-behind"
    assert reader.do("ask", code=stranger) == "protected"
    assert f"exclusion {exclusion} does not open" in reader.fails("load")
    world.execute("UPDATE matching_exclusion SET blob = %s WHERE id = %s", blob, exclusion)
    reader.do("load")
    assert reader.do("ask", code=stranger) == "no_match"
    assert reader.do("ask", code=random_hash()) == "no_match"
    assert writer.do("withdraw_exclusion", exclusion=exclusion)


def test_an_exclusion_is_as_secret_at_rest_as_a_photo(world: World, stage: Cast) -> None:
    code = random_hash()
    exclusion = stage.actor().do("exclude", code=code, minimum_assurance=1)
    [(blob,)] = world.execute("SELECT blob FROM matching_exclusion WHERE id = %s", exclusion)
    assert bytes.fromhex(code)[:8] not in blob

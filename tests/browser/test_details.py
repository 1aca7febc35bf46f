"""Details made by the browser: each side finds what the other stored, and nothing that is drawn is kept."""

from collections.abc import Callable, Iterator

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Browser

from bench.quality.details import FULL, registry
from matching.hashing.details import Details
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.keypoints import asked_details, stored_details
from matching.hashing.pdq import Floats
from matching.hashing.pictures import pictures
from tests.browser.details import Made, Maker
from tests.pictures import encoded, screen, textured

MATCH = VETO_DETAILS_1.thresholds.match
PHOTO = textured(3, (480, 480))


@pytest.fixture(scope="module")
def maker(browser: Browser) -> Iterator[Maker]:
    with browser.new_context() as context:
        yield Maker(context.new_page())


def canonical(image: Image.Image) -> list[Floats]:
    return pictures(encoded(image))


class Sides:
    """What both sides make of a picture."""

    def __init__(self, maker: Maker, canonical: list[Floats]) -> None:
        stored = stored_details(canonical)
        assert stored
        self.servers = Made(stored.to_bytes(coarse=True), asked_details(canonical).to_bytes(coarse=False), ms=0)
        self.browsers = maker.make(canonical)


def shapes(details: Details) -> list[tuple[str, int, int]]:
    return [(part.kind, part.width, part.height) for part in details.parts]


def codes(details: Details) -> set[bytes]:
    return {code.tobytes() for part in details.parts for code in part.codes}


def distance(stored: bytes, asked: bytes) -> int:
    hits = registry([stored]).search(Details.from_bytes(asked, coarse=False))
    return min((hit.distance for hit in hits), default=FULL)


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "itself": lambda photo: photo,
    "its mirror image": ImageOps.mirror,
    "a quarter turn": lambda photo: photo.rotate(90, expand=True),
    "a crop": lambda photo: photo.crop((160, 130, 480, 480)),
    "a screenshot": lambda photo: screen(photo)[0],
}


@pytest.mark.parametrize("what", COPIES)
def test_each_side_finds_what_the_other_stored(maker: Maker, what: str) -> None:
    photo, copy = (Sides(maker, canonical(image)) for image in (PHOTO, COPIES[what](PHOTO)))
    for stored, asked in ((photo, copy), (copy, photo)):
        assert distance(stored.browsers.stored, asked.servers.asked) <= MATCH
        assert distance(stored.servers.stored, asked.browsers.asked) <= MATCH
    for packed, expected, coarse in (
        (copy.browsers.stored, copy.servers.stored, True),
        (copy.browsers.asked, copy.servers.asked, False),
    ):
        details, servers = (Details.from_bytes(one, coarse=coarse) for one in (packed, expected))
        assert details.to_bytes(coarse=coarse) == packed
        assert shapes(details) == shapes(servers)
        assert len(codes(details) & codes(servers)) > 0.9 * len(details)


def test_another_photo_is_not_found(maker: Maker) -> None:
    other = canonical(textured(4))
    assert distance(maker.make(canonical(PHOTO)).stored, maker.make(other).asked) > VETO_DETAILS_1.thresholds.possible


def test_letters_and_symbols_are_never_kept(maker: Maker) -> None:
    assert maker.make(canonical(screen(None)[0])).stored == b""
    [main] = Details.from_bytes(maker.make(canonical(screen(PHOTO)[0])).stored, coarse=True).parts
    assert main.kind == "main"


@pytest.mark.parametrize("size", [(300, 200), (900, 12)])
def test_a_picture_without_detail_gives_nothing(maker: Maker, size: tuple[int, int]) -> None:
    assert maker.make(canonical(Image.new("RGB", size, "teal"))).stored == b""


def test_a_file_of_two_pictures_has_the_parts_of_both(maker: Maker) -> None:
    both = [*canonical(PHOTO), *canonical(textured(4, (450, 600)))]
    details = Details.from_bytes(maker.make(both).stored, coarse=True)
    assert shapes(details) == [("whole", 384, 384), ("whole", 288, 384)]

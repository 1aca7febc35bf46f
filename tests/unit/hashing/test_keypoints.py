"""Which keypoints of a picture are kept and asked. On photographs, drawn screens, and pictures with nothing in them."""

import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from matching.hashing import regions
from matching.hashing.details import MOST_PARTS, Details, Part
from matching.hashing.details_profile import VETO_DETAILS_1 as PROFILE
from matching.hashing.keypoints import asked_details, found_in, stored_details
from matching.hashing.pdq import Floats
from matching.hashing.pictures import pictures
from tests.pictures import WORDS, screen
from tests.pictures import picture as coloured
from tests.unit.hashing.decoders import PHOTO, ROOT
from tests.unit.hashing.material import encoded, photographs


def canonical(image: Image.Image) -> Floats:
    [found] = pictures(encoded(image, "PNG"))
    return found


def in_photo(part: Part, box: tuple[int, int, int, int]) -> np.ndarray:
    """Which keypoints of a whole screen lie in its photo, its edge not counted."""
    ratio = part.width / 720
    x, y = part.places[:, 0] / ratio, part.places[:, 1] / ratio
    return (x > box[0] + 4) & (x < box[2] - 4) & (y > box[1] + 4) & (y < box[3] - 4)


def test_the_same_pixels_give_the_same_bytes_in_another_process() -> None:
    code = (
        "import sys\n"
        "from matching.hashing.keypoints import asked_details, stored_details\n"
        "from matching.hashing.pictures import pictures\n"
        "found = pictures(sys.stdin.buffer.read())\n"
        "both = stored_details(found).to_bytes(coarse=True), asked_details(found).to_bytes(coarse=False)\n"
        "sys.stdout.buffer.write(b''.join(both))\n"
    )
    found = pictures(PHOTO)
    kept = stored_details(found)
    assert kept
    expected = kept.to_bytes(coarse=True) + asked_details(found).to_bytes(coarse=False)
    for _ in range(2):
        run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, input=PHOTO, stdout=subprocess.PIPE, check=True)
        assert run.stdout == expected


def test_opencv_starts_no_thread() -> None:
    assert cv2.getNumThreads() in {0, 1}  # 0 as set is told as 1


@pytest.mark.parametrize("name", photographs())
def test_a_photograph_is_whole_and_has_as_many_as_may_be(name: str) -> None:
    photo = canonical(photographs()[name])
    kept, asked = stored_details([photo]), asked_details([photo])
    assert kept
    for details, most, share in (
        (kept, PROFILE.stored, PROFILE.stored_coarse_share),
        (asked, PROFILE.asked, PROFILE.asked_coarse_share),
    ):
        [part] = details.parts
        assert (part.kind, part.width, part.height) == ("whole", 384, 384)
        assert len(part) == most["whole"]
        coarse = int((part.places[:, 2] >= PROFILE.coarse).sum())
        everything = asked_details([photo], replace(PROFILE, asked={"whole": 9999})).parts[0]
        available = int((everything.places[:, 2] >= PROFILE.coarse).sum())
        assert coarse >= min(int(share * most["whole"]), available if details is asked else 0)
        assert (part.places[:, 0] >= 0).all()
        assert (part.places[:, 0] <= part.width).all()
        assert (part.places[:, 1] <= part.height).all()


def test_keypoints_are_spread_over_the_picture() -> None:
    """One half of the picture has the strongest; the other half is not forgotten for that."""
    photo = np.array(canonical(photographs()["aero"]))
    photo[:, 256:] = 128 + (photo[:, 256:] - 128) * 0.5
    [part] = asked_details([photo], replace(PROFILE, asked={"whole": 60})).parts
    share = (part.places[:, 0] > 192).mean()
    strongest_alone = replace(PROFILE, asked={"whole": 60}, grid=1)
    [unspread] = asked_details([photo], strongest_alone).parts
    assert share > 1.5 * (unspread.places[:, 0] > 192).mean()


def test_of_large_and_small_ones_the_missing_are_made_up_for() -> None:
    photo = canonical(photographs()["aero"])
    for share in (0.0, 0.5, 1.0):
        [part] = asked_details([photo], replace(PROFILE, asked={"whole": 300}, asked_coarse_share=share)).parts
        assert len(part) == 300
        assert len(np.unique(part.places, axis=0)) == 300


def test_a_photo_in_a_screen_is_its_main_block_and_the_screen_around_it() -> None:
    image, box = screen(photographs()["camera"])
    picture = canonical(image)
    asked = asked_details([picture])
    assert [part.kind for part in asked.parts] == ["main", "surround"]
    main, surround = asked.parts
    assert abs(main.width - main.height) <= 3
    assert (surround.width, surround.height) == (216, 384)
    assert in_photo(surround, box).any()  # of an asked picture everything
    assert not in_photo(surround, box).all()
    letters_too = replace(PROFILE, drawn_share={"main": 1.0, "surround": 1.0})
    kept = stored_details([picture], letters_too)
    assert kept
    assert [part.kind for part in kept.parts] == ["main", "surround"]
    assert min(len(part) for part in kept.parts) > 50
    assert not in_photo(kept.parts[1], box).any()  # of a stored one what lies around the block


def test_letters_and_symbols_are_never_kept() -> None:
    """What two people's screens of one app have in common must not make one the other."""
    for photo in (None, photographs()["camera"], photographs()["ascent"]):
        image, box = screen(photo)
        picture = canonical(image)
        asked = asked_details([picture])
        whole = asked.parts[-1]
        assert (~in_photo(whole, box)).sum() > 30  # there are letters to be seen
        kept = stored_details([picture])
        if photo is None:
            assert kept is None
            continue
        assert kept
        for part in kept.parts:
            if part.kind != "main":
                assert len(part) <= 5
        left, _, _, bottom = regions.main_block(picture)
        ratio = 512 / 1280
        assert abs(left - box[0] * ratio) <= 2
        assert abs(bottom - box[3] * ratio) <= 2


def test_a_caption_on_a_photo_is_not_kept() -> None:
    image = photographs()["camera"].copy()
    ImageDraw.Draw(image).rectangle((0, 400, 512, 512), "white")
    plain = canonical(image)
    for y in (410, 440, 470):
        ImageDraw.Draw(image).text((10, y), "when the weather is fine we go", "black", WORDS)
    captioned = canonical(image)
    kept = stored_details([captioned])
    assert kept
    for part in kept.parts:
        if part.kind != "main":
            assert (part.places[:, 1] > 405 * part.height / 512).sum() <= 2
    assert stored_details([plain]) is not None


@pytest.mark.parametrize(("height", "width"), [(1, 1), (15, 15), (1, 512), (512, 1), (16, 16), (512, 512), (17, 300)])
@pytest.mark.parametrize("content", ["black", "white", "noise", "ramp"])
def test_a_picture_with_too_little_has_no_details_to_keep(height: int, width: int, content: str) -> None:
    y, x = np.mgrid[:height, :width]
    made: Floats = {
        "black": np.zeros((height, width)),
        "white": np.full((height, width), 255.0),
        "noise": np.random.default_rng(1).uniform(0, 255, (height, width)),
        "ramp": (x + y) * 255 / (height + width),
    }[content].astype(np.float32)
    asked, kept = asked_details([made]), stored_details([made])
    assert 1 <= len(asked.parts) <= 2
    for details in filter(None, (asked, kept)):
        for coarse in (True, False):
            packed = details.to_bytes(coarse=coarse)
            assert Details.from_bytes(packed, coarse=coarse).to_bytes(coarse=coarse) == packed
    if content != "noise" or min(height, width) < 16:
        assert (len(asked), kept) == (0, None)
    for found, part in zip(found_in([made]), asked.parts, strict=True):
        assert len(found.values) == len(found.places) >= len(part)


def test_fewer_than_the_fewest_say_too_little() -> None:
    photo = canonical(photographs()["camera"])
    for fewest, says in ((100, True), (101, False)):
        assert (stored_details([photo], replace(PROFILE, fewest={"whole": fewest})) is not None) is says
    assert stored_details([]) is None
    assert len(asked_details([])) == 0


def test_a_part_with_too_few_is_left_out_and_the_other_kept() -> None:
    picture = canonical(screen(photographs()["camera"])[0])
    kept = stored_details([picture])
    assert kept
    assert [part.kind for part in kept.parts] == ["main"]  # around it are letters alone
    few = dict(PROFILE.fewest) | {"main": 101}
    assert stored_details([picture], replace(PROFILE, fewest=few)) is None


def test_each_picture_of_a_file_has_parts_of_its_own_up_to_the_most() -> None:
    photo = canonical(coloured(1))
    assert len(asked_details([photo] * 3).parts) == 3
    many = asked_details([canonical(screen(photographs()["camera"])[0])] * 9)
    assert len(many.parts) == MOST_PARTS


def test_the_strongest_come_first_and_none_twice() -> None:
    [found] = found_in([canonical(photographs()["camera"])])
    values = found.values
    assert values.shape[1] == 128
    assert len(np.unique(values, axis=0)) > 0.99 * len(values) > 300

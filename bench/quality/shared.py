"""Screens of one app, letters of one school, one caption under many photos: pictures that share what was drawn.

Registered by different people, they must not be taken for each other. Half of the photos is registered in such a
surrounding, the other half asked in the same.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw

from bench.quality import details
from bench.quality.alterations import screens
from bench.quality.alterations.kinds import JPEG, Change, Random, font, sentence
from bench.quality.sets import Photo, upright
from matching.decision import Strength
from matching.hashing import keypoints
from matching.hashing.details_profile import VETO_DETAILS_1, DetailsProfile
from matching.hashing.keypoints import Found
from matching.hashing.pictures import pictures

SEED: Final = 7
MOST: Final = 120  # photos


def letter(image: Image.Image, random: Random) -> Image.Image:
    """A school's letter with a photo in it."""
    page = Image.new("RGB", (800, 1130), "white")
    draw = ImageDraw.Draw(page)
    draw.ellipse((60, 40, 140, 120), fill="#1a4d8f")
    draw.polygon([(100, 50), (130, 110), (70, 110)], fill="white")
    draw.text((160, 50), "Collège des Quatre-Vents", font=font(34), fill="#1a4d8f")
    draw.text((160, 95), "12 rue des Écoles · 02 00 00 00 00", font=font(18), fill="#333333")
    draw.line((60, 140, 740, 140), fill="#1a4d8f", width=3)
    for line in range(5):
        draw.text((60, 170 + 30 * line), sentence(random, 9), font=font(20), fill="#111111")
    photo = image.copy()
    photo.thumbnail((560, 520))
    page.paste(photo, (120, 340))
    draw.text((60, 1050), "Établissement public · Direction · Vie scolaire", font=font(16), fill="#555555")
    return page


def caption(image: Image.Image, _: Random) -> Image.Image:
    """The same words above every photo."""
    photo = image.resize((640, round(image.height * 640 / image.width)))
    page = Image.new("RGB", (640, photo.height + 110), "white")
    ImageDraw.Draw(page).text((20, 30), "when you finally see what happened", font=font(34), fill="black")
    page.paste(photo, (0, 110))
    return page


def doodled(image: Image.Image, random: Random) -> Image.Image:
    """A chat over one drawn wallpaper."""
    page = Image.new("RGB", (720, 1500), "#efe7de")
    draw = ImageDraw.Draw(page)
    fixed = np.random.default_rng(SEED)
    for number in range(700):
        x, y, size = fixed.uniform(0, 720), fixed.uniform(0, 1500), fixed.uniform(8, 22)
        box = (x - size, y - size, x + size, y + size)
        if number % 2:
            draw.ellipse(box, outline="#dfd5c8", width=3)
        else:
            draw.arc(box, 20, 250, fill="#dfd5c8", width=3)
    photo = image.copy()
    photo.thumbnail((round(720 * random.uniform(0.6, 0.78)), 900))
    page.paste(photo, (24, round(random.uniform(150, 450))))
    return page


KINDS: Final[dict[str, Change]] = {
    "screens of one app's feed": screens.feed(screens.LIGHT),
    "the same, photo cut off": screens.feed(screens.LIGHT, cut_off=True),
    "screens of one app's chat": screens.chat(screens.LIGHT),
    "chats over one drawn wallpaper": doodled,
    "letters with one letterhead": letter,
    "photos with one caption": caption,
}


Looked = dict[str, list[list[Found]]]  # by kind, the keypoints of each picture


def look(photos: Sequence[Photo]) -> Looked:
    """The keypoints of these photos in each surrounding."""
    step = max(1, len(photos) // MOST)
    chosen = [upright(photo.read()) for photo in photos[::step]][:MOST]
    return {
        kind: [
            keypoints.found_in(pictures(JPEG(surrounding(image, np.random.default_rng([SEED, number])))))
            for number, image in enumerate(chosen)
        ]
        for kind, surrounding in KINDS.items()
    }


def measured(
    looked: Looked,
    profile: DetailsProfile = VETO_DETAILS_1,
    change: Callable[[Sequence[Found]], Sequence[Found]] = list,
) -> list[dict[str, Any]]:
    """For each kind, how many that were asked were taken for a registered one. `change`: see compare_details."""
    rows = []
    for kind, pictures_of_it in looked.items():
        found = [change(each) for each in pictures_of_it]
        half = len(found) // 2
        index = details.registry(
            [each.to_bytes(coarse=True) if (each := keypoints.stored(one, profile)) else b"" for one in found[:half]],
            profile,
        )
        said = [
            details.strength(
                min((hit.distance for hit in index.search(keypoints.asked(one, profile))), default=details.FULL)
            )
            for one in found[half:]
        ]
        rows.append(
            {
                "kind": kind,
                "registered": half,
                "asked": len(said),
                "matched": sum(one is not None and one > Strength.POSSIBLE for one in said),
                "possible": sum(one is Strength.POSSIBLE for one in said),
            }
        )
    return rows

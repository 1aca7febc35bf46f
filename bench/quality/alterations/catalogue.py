"""Every alteration by name, in the groups that the report shows."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from bench.quality.alterations import edits, frames, geometry, overlays, screens, tone
from bench.quality.alterations.kinds import JPEG, Change, Encoding, then, unchanged

SEED: Final = 20261122


@dataclass(frozen=True, slots=True)
class Alteration:
    """`high`: also asked with `effort=high`, which is made for such."""

    group: str
    name: str
    change: Change
    encoding: Encoding = JPEG
    high: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """`target`: the share, in per cent, that is wanted; None where what is found is only shown.

    `part`: only the group's alterations with this in their names.
    """

    name: str
    title: str
    target: float | None = None
    target_high: float | None = None
    part: str = ""


GROUPS: Final = (
    Group("compress", "recompressed (JPEG, WebP, AVIF)", 99),
    Group("resize", "resized", 99),
    Group("blur", "blurred, sharpened", 99),
    Group("noise", "noise", 99),
    Group("tone", "light, colour, filters", 99),
    Group("mirror", "mirrored", 99),
    Group("turn", "quarter turns", 99),
    Group("squeeze", "squeezed", 99),
    Group("border", "borders, letterbox", 99),
    Group("story", "story: 9:16 over its own blur"),
    Group("centre-crop", "cropped to the middle, 95–50 %", 98),
    Group("crop", "cropped anywhere, 95–50 %", 98),
    Group("aspect", "cropped to 1:1, 4:5, 9:16, 16:9 in the middle", 98, part="middle"),
    Group("aspect", "cropped to the same anywhere", 98, part="anywhere"),
    Group("rotate-cut", "turned 2–15°, corners cut off", 98, 98),
    Group("rotate-kept", "turned 2–15°, corners kept", 98, 98),
    Group("perspective", "perspective", 98),
    Group("screen-photo", "photograph of a screen", 90),
    Group("feed", "screenshot of a feed", 97),
    Group("feed-cut", "screenshot of a feed, photo cut off", 97),
    Group("chat", "screenshot of a chat", 97),
    Group("meme", "meme: caption beside the photo", 95),
    Group("words", "words over the photo"),
    Group("overlay-10", "sticker, logo or banner, to 10 %", 98),
    Group("overlay-20", "sticker or banner, 20 %", 98),
    Group("overlay-30", "sticker or banner, 30 %", 98),
    Group("edit-10", "edited, 10 % of the area", 98),
    Group("edit-20", "edited, 20 %", 98),
    Group("edit-30", "edited, 30 %", 98),
    Group("edit-40", "edited, 40–50 %", 95),
    Group("chain", "chains: screenshot, crop, recompress, …", 97),
    Group("chain-hard", "hard chains: chat and crop, crop and edit, mirror and chat", 87),
    Group("limit-crop", "limits: cropped anywhere, 40–20 %"),
    Group("limit-edit", "limits: edited, 60–80 %"),
    Group("limit-small", "limits: small on a screen, 40–15 % of its width"),
)


def _encoded(form: str, **options: int) -> Encoding:
    return Encoding(form, tuple(options.items()))


def _files() -> Iterator[Alteration]:
    for quality in (90, 70, 50, 30, 10):
        yield Alteration("compress", f"JPEG {quality}", unchanged, _encoded("JPEG", quality=quality))
    for quality in (80, 30):
        yield Alteration("compress", f"WebP {quality}", unchanged, _encoded("WEBP", quality=quality, method=1))
    yield Alteration("compress", "AVIF 50", unchanged, _encoded("AVIF", quality=50, speed=9, max_threads=1))
    for per_cent in (200, 75, 50, 25):
        yield Alteration("resize", f"to {per_cent} %", geometry.resize(per_cent))
    yield Alteration("resize", "to 128 pixels", geometry.longest(128))


def _grain() -> Iterator[Alteration]:
    for radius in (0.3, 0.6, 1.2):
        yield Alteration("blur", f"Gaussian, {radius} % of the side", tone.blur(radius))
    yield Alteration("blur", "median 5×5", tone.median)
    yield Alteration("blur", "sharpened", tone.sharpen)
    for levels in (5, 15, 30):
        yield Alteration("noise", f"Gaussian, {levels} levels", tone.noise(levels))
    yield Alteration("noise", "salt and pepper 4 %", tone.salt_and_pepper)


def _tones() -> Iterator[Alteration]:
    for factor in (0.6, 1.4):
        yield Alteration("tone", f"brightness × {factor}", tone.brightness(factor))
        yield Alteration("tone", f"contrast × {factor}", tone.contrast(factor))
    for exponent in (0.6, 1.7):
        yield Alteration("tone", f"gamma {exponent}", tone.gamma(exponent))
    for factor in (0.4, 1.8):
        yield Alteration("tone", f"saturation × {factor}", tone.colour(factor))
    for name in ("grey", "sepia", "warm", "cold", "faded", "vignette", "equalise", "stretch"):
        yield Alteration("tone", name, getattr(tone, name))


def _geometry() -> Iterator[Alteration]:
    turned = Image.Transpose
    yield Alteration("mirror", "mirrored", geometry.mirror)
    yield Alteration("mirror", "upside down", geometry.transposed(turned.FLIP_TOP_BOTTOM))
    for name, how in (("90°", turned.ROTATE_90), ("180°", turned.ROTATE_180), ("270°", turned.ROTATE_270)):
        yield Alteration("turn", name, geometry.transposed(how))
    yield Alteration("turn", "90° and mirrored", geometry.transposed(turned.TRANSPOSE))
    yield Alteration("squeeze", "width × 0.8", geometry.squeeze(80, 100))
    yield Alteration("squeeze", "height × 0.8", geometry.squeeze(100, 80))
    yield Alteration("squeeze", "to a square", geometry.to_square)
    for per_cent in (95, 90, 85, 80, 75, 70, 65, 60, 55, 50):
        yield Alteration("centre-crop", f"{per_cent} % of each side", geometry.center_crop(per_cent), high=True)
    for per_cent in (95, 90, 80, 70, 60, 50):
        yield Alteration("crop", f"{per_cent} % of each side", geometry.random_crop(per_cent), high=True)
    for across, down in ((1, 1), (4, 5), (9, 16), (16, 9)):
        yield Alteration("aspect", f"{across}:{down}, middle", geometry.aspect(across, down), high=True)
        anywhere = geometry.aspect(across, down, anywhere=True)
        yield Alteration("aspect", f"{across}:{down}, anywhere", anywhere, high=True)
    for degrees in (2, 5, 10, 15):
        yield Alteration("rotate-cut", f"{degrees}°", geometry.turn(degrees, keep=False), high=True)
        yield Alteration("rotate-kept", f"{degrees}°", geometry.turn(degrees, keep=True), high=True)
    for per_cent in (4, 8, 14):
        yield Alteration("perspective", f"{per_cent} %", geometry.perspective(per_cent), high=True)


def _surroundings() -> Iterator[Alteration]:
    yield Alteration("border", "white 4 %", frames.border(4, "white"))
    yield Alteration("border", "black 10 %", frames.border(10, "black"))
    yield Alteration("border", "red 8 %", frames.border(8, "#b3202a"))
    yield Alteration("border", "instant film", frames.polaroid)
    yield Alteration("border", "letterbox 16:9", frames.letterbox(16, 9, "black"))
    yield Alteration("border", "letterbox 9:16", frames.letterbox(9, 16, "black"))
    yield Alteration("border", "square on white", frames.letterbox(1, 1, "white"))
    yield Alteration("story", "9:16", frames.story, high=True)
    for place in ("above", "below", "both"):
        yield Alteration("meme", f"bar {place}", frames.caption(place))
    yield Alteration("meme", "black bar below", frames.caption("below", "black"))
    yield Alteration("meme", "poster", frames.poster)
    for theme, name in ((screens.LIGHT, "light"), (screens.DARK, "dark")):
        yield Alteration("feed", name, screens.feed(theme))
        yield Alteration("feed-cut", name, screens.feed(theme, cut_off=True), high=True)
        yield Alteration("chat", name, screens.chat(theme))
    yield Alteration("screen-photo", "by hand", screens.photographed, high=True)


def _covered() -> Iterator[Alteration]:
    yield Alteration("words", "outlined, at top and bottom", overlays.impact)
    yield Alteration("words", "half-transparent, all over", overlays.watermark)
    yield Alteration("overlay-10", "logo 4 %", overlays.logo)
    for per_cent in (10, 20, 30):
        yield Alteration(f"overlay-{per_cent}", f"sticker {per_cent} %", overlays.sticker(per_cent))
        yield Alteration(f"overlay-{per_cent}", f"banner {per_cent} %", overlays.banner(per_cent))
    for per_cent in (10, 20, 30, 40, 50):
        group = f"edit-{min(per_cent, 40)}"
        yield Alteration(group, f"painted {per_cent} %", edits.painted(per_cent))
        yield Alteration(group, f"blurred {per_cent} %", edits.blurred(per_cent))
        yield Alteration(group, f"inpainted {per_cent} %", edits.inpainted(per_cent))
        yield Alteration(group, f"other texture {per_cent} %", edits.textured(per_cent))


def _chains() -> Iterator[Alteration]:
    low = _encoded("JPEG", quality=40)
    post = screens.feed(screens.LIGHT)
    cut = geometry.center_crop
    chains: dict[str, Change] = {
        "feed → crop 90 % → JPEG 40": then(post, cut(90)),
        "crop 80 % → half size → JPEG 40": then(cut(80), geometry.resize(50)),
        "mirror → crop 90 % → filter": then(geometry.mirror, cut(90), tone.warm),
        "meme → half size → JPEG 40": then(frames.caption("above"), geometry.resize(50)),
        "1:1 → white border": then(geometry.aspect(1, 1), frames.border(6, "white")),
        "edit 20 % → feed": then(edits.textured(20), post),
        "feed → feed": then(post, post),
        "photo of a screen → crop 90 %": then(screens.photographed, cut(90)),
    }
    for name, change in chains.items():
        yield Alteration("chain", name, change, low, high=True)
    hard: dict[str, Change] = {
        "chat → crop 70 %": then(screens.chat(screens.LIGHT), geometry.random_crop(70)),
        "crop 70 % → edit 30 %": then(geometry.random_crop(70), edits.textured(30)),
        "mirror → chat": then(geometry.mirror, screens.chat(screens.DARK)),
        "edit 30 % → chat": then(edits.inpainted(30), screens.chat(screens.LIGHT)),
    }
    for name, change in hard.items():
        yield Alteration("chain-hard", name, change, low)


def _limits() -> Iterator[Alteration]:
    """How far it goes: nothing is promised here."""
    for per_cent in (40, 30, 20):
        yield Alteration("limit-crop", f"{per_cent} % of each side", geometry.random_crop(per_cent))
    for per_cent in (60, 70, 80):
        yield Alteration("limit-edit", f"other texture {per_cent} %", edits.textured(per_cent))
    for per_cent in (40, 30, 20, 15):
        yield Alteration("limit-small", f"{per_cent} %", screens.small(per_cent))


ALTERATIONS: Final = (
    *_files(),
    *_grain(),
    *_tones(),
    *_geometry(),
    *_surroundings(),
    *_covered(),
    *_chains(),
    *_limits(),
)


def altered(image: Image.Image, alteration: Alteration, photo: str) -> bytes:
    """The file that becomes of an RGB image. The same for the same photo name and alteration, everywhere."""
    seed = zlib.crc32(f"{alteration.group}/{alteration.name}/{photo}".encode())
    return alteration.encoding(alteration.change(image, np.random.default_rng([SEED, seed])))

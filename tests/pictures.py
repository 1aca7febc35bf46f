"""Pictures made by code: each seed another one, with detail enough to be recognised and no likeness to any other."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TITLE = ImageFont.load_default(30)
WORDS = ImageFont.load_default(22)


def picture(seed: int, size: tuple[int, int] = (480, 360)) -> Image.Image:
    """Smooth random colour fields of several sizes, as the large forms of a photograph."""
    random = np.random.default_rng(seed)
    layers = [
        np.asarray(
            Image.fromarray(random.integers(0, 256, (cells, cells, 3), np.uint8)).resize(
                size, Image.Resampling.BICUBIC
            ),
            np.float64,
        )
        * weight
        for cells, weight in ((5, 0.5), (9, 0.3), (17, 0.2))
    ]
    return Image.fromarray(sum(layers[1:], layers[0]).clip(0, 255).astype(np.uint8))


def textured(seed: int, size: tuple[int, int] = (480, 360)) -> Image.Image:
    """The same with fine forms as well: many keypoints, and none of them another seed's."""
    random = np.random.default_rng([seed, 1])
    image = np.asarray(picture(seed, size), np.float64)
    for cells, weight in ((30, 0.4), (60, 0.3), (120, 0.2)):
        fine = Image.fromarray(random.integers(0, 256, (cells, cells, 3), np.uint8))
        image = image + (np.asarray(fine.resize(size, Image.Resampling.BICUBIC), np.float64) - 128) * weight
    return Image.fromarray(image.clip(0, 255).astype(np.uint8))


def screen(photo: Image.Image | None, *, seed: int = 0) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """A drawn app, 720 × 1280: a bar, a title, symbols, lines of words; where its photo is, if there is one."""
    image = Image.new("RGB", (720, 1280), (250, 250, 250))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 720, 110), (24, 90, 157))
    draw.text((90, 36), "Messages  12:47", "white", TITLE)
    for x in range(40, 680, 90):
        draw.ellipse((x, 1190, x + 50, 1240), outline=(60, 60, 60), width=4)
        draw.line((x + 15, 1215, x + 35, 1200), (60, 60, 60), 4)
    random = np.random.default_rng(seed)
    for y in range(150, 1150, 38):
        words = " ".join("".join(random.choice(list("abcdefghijklmnop"), random.integers(2, 9))) for _ in range(8))
        draw.text((40, y), words, (20, 20, 20), WORDS)
    box = (60, 380, 660, 980)
    if photo:
        image.paste(photo.resize((600, 600)), box[:2])
    return image, box


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **({"quality": 90} if kind == "JPEG" else {}) | options)
    return file.getvalue()

"""Pictures made by code: each seed another one, with detail enough to be recognised and no likeness to any other."""

import io
from typing import Any

import numpy as np
from PIL import Image


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


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **({"quality": 90} if kind == "JPEG" else {}) | options)
    return file.getvalue()

"""A part replaced, the rest untouched: what an AI edit of clothing does to the pixels around it.

Each per cent is of the photo's area, in one blob with a wavy edge, most often near the middle where people stand.
"""

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from bench.quality.alterations.kinds import Change, Random, picture, pixels

Mask = npt.NDArray[np.bool_]

_INPAINTING_SIDE = 256  # OpenCV's inpainting takes a second per megapixel of hole, and blurs anyway


def blob(shape: tuple[int, int], per_cent: float, random: Random) -> Mask:
    """(height, width), true on exactly the share of the area that is named (to a pixel), in one blob."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across, down = random.normal(0.5, 0.15), random.normal(0.55, 0.15)
    dx, dy = x / width - np.clip(across, 0.15, 0.85), y / height - np.clip(down, 0.15, 0.85)
    stretch = random.uniform(0.7, 1.4)
    angle = np.arctan2(dy, dx)
    radius = np.hypot(dx * stretch, dy / stretch)
    for waves in (2, 3, 5):
        radius *= 1 + 0.12 * np.sin(waves * angle + random.uniform(0, 2 * math.pi))
    edge = np.partition(radius.ravel(), round(radius.size * per_cent / 100))[round(radius.size * per_cent / 100)]
    inside: Mask = radius < edge
    return inside


def _replaced(image: Image.Image, inside: Mask, by: npt.NDArray[Any]) -> Image.Image:
    """With an edge two pixels soft, as editors leave it."""
    soft = np.asarray(Image.fromarray(inside).convert("L").filter(ImageFilter.GaussianBlur(1.5)), dtype=np.float32)
    weight = soft[..., None] / 255
    return picture(pixels(image) * (1 - weight) + by * weight)


def painted(per_cent: float) -> Change:
    """One colour over it."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        inside = blob((image.height, image.width), per_cent, random)
        return _replaced(image, inside, np.broadcast_to(random.integers(0, 256, 3), (*inside.shape, 3)))

    return change


def blurred(per_cent: float) -> Change:
    def change(image: Image.Image, random: Random) -> Image.Image:
        inside = blob((image.height, image.width), per_cent, random)
        return _replaced(image, inside, pixels(image.filter(ImageFilter.GaussianBlur(max(image.size) / 25))))

    return change


def inpainted(per_cent: float) -> Change:
    """Filled from its surroundings by OpenCV (Telea, 2004)."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        inside = blob((image.height, image.width), per_cent, random)
        factor = min(1.0, _INPAINTING_SIDE / max(image.size))
        size = (max(8, round(image.width * factor)), max(8, round(image.height * factor)))
        hole = np.asarray(Image.fromarray(inside).resize(size)).astype(np.uint8) * 255
        hole = np.asarray(cv2.dilate(hole, np.ones((3, 3), np.uint8)), dtype=np.uint8)
        filled = np.asarray(cv2.inpaint(pixels(image.resize(size)), hole, 3, cv2.INPAINT_TELEA), dtype=np.uint8)
        return _replaced(image, inside, pixels(Image.fromarray(filled).resize(image.size)))

    return change


def textured(per_cent: float) -> Change:
    """Another fabric: stripes, checks or mottle in two colours, lit like what was there."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        inside = blob((image.height, image.width), per_cent, random)
        y, x = np.mgrid[0 : image.height, 0 : image.width].astype(np.float32) / max(image.size)
        angle, waves = random.uniform(0, math.pi), random.uniform(8, 40) * 2 * math.pi
        along, aside = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
        pattern = [
            np.sin(along * waves),
            np.sin(along * waves) * np.sin(aside * waves),
            cv2.GaussianBlur(random.normal(0, 6, inside.shape).astype(np.float32), (0, 0), 4),
        ][int(random.integers(3))]
        share = (np.clip(pattern, -1, 1)[..., None] + 1) / 2
        fabric = share * random.integers(0, 256, 3) + (1 - share) * random.integers(0, 256, 3)
        light = cv2.GaussianBlur(pixels(image.convert("L")).astype(np.float32), (0, 0), max(image.size) / 40)
        return _replaced(image, inside, fabric * (0.6 + 0.8 * light[..., None] / 255))

    return change

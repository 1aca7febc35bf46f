"""Resizing, turning, cropping, squeezing, perspective."""

import math

import cv2
import numpy as np
from PIL import Image, ImageOps

from bench.quality.alterations.kinds import Change, Random, pixels


def resize(per_cent: float) -> Change:
    def change(image: Image.Image, _: Random) -> Image.Image:
        factor = per_cent / 100
        return image.resize((max(16, round(image.width * factor)), max(16, round(image.height * factor))))

    return change


def longest(side: int) -> Change:
    def change(image: Image.Image, _: Random) -> Image.Image:
        factor = side / max(image.size)
        return image.resize((max(8, round(image.width * factor)), max(8, round(image.height * factor))))

    return change


def squeeze(width: float, height: float) -> Change:
    return lambda image, _: image.resize((round(image.width * width / 100), round(image.height * height / 100)))


def to_square(image: Image.Image, _: Random) -> Image.Image:
    return image.resize((min(image.size), min(image.size)))


def mirror(image: Image.Image, _: Random) -> Image.Image:
    return ImageOps.mirror(image)


def transposed(how: Image.Transpose) -> Change:
    return lambda image, _: image.transpose(how)


def turn(degrees: float, *, keep: bool) -> Change:
    """By so many degrees to a side drawn by lot; the corners kept, or cut off at the same proportions."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        angle = degrees * (1 if random.random() < 0.5 else -1)
        if keep:
            fill = "white" if random.random() < 0.5 else "black"
            return image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=fill)
        turned = image.rotate(angle, Image.Resampling.BICUBIC)
        ratio = max(image.size) / min(image.size)
        share = 1 / (math.cos(math.radians(degrees)) + ratio * math.sin(math.radians(degrees)))
        return center_crop(100 * share)(turned, random)

    return change


def center_crop(per_cent: float) -> Change:
    """The middle so many per cent of each side."""

    def change(image: Image.Image, _: Random) -> Image.Image:
        cut = (1 - per_cent / 100) / 2
        across, down = round(image.width * cut), round(image.height * cut)
        return image.crop((across, down, image.width - across, image.height - down))

    return change


def random_crop(per_cent: float) -> Change:
    """So many per cent of each side, anywhere."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        width, height = round(image.width * per_cent / 100), round(image.height * per_cent / 100)
        left, top = int(random.integers(0, image.width - width + 1)), int(random.integers(0, image.height - height + 1))
        return image.crop((left, top, left + width, top + height))

    return change


def aspect(across: int, down: int, *, anywhere: bool = False) -> Change:
    """The largest part of these proportions, in the middle or anywhere."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        width = min(image.width, round(image.height * across / down))
        height = min(image.height, round(image.width * down / across))
        place = random.random() if anywhere else 0.5
        left, top = round((image.width - width) * place), round((image.height - height) * place)
        return image.crop((left, top, left + width, top + height))

    return change


def perspective(per_cent: float) -> Change:
    """Seen from the side: each corner moved inwards by up to so many per cent of each side, filled to the edges."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        width, height = image.size
        moved = random.uniform(0, per_cent / 100, (4, 2)) * (width, height)
        moved[random.integers(4)] = (width * per_cent / 100, height * per_cent / 100)  # one corner by all of it
        inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
        matrix = cv2.getPerspectiveTransform((corners + inwards * moved).astype(np.float32), corners.astype(np.float32))
        return Image.fromarray(np.asarray(cv2.warpPerspective(pixels(image), matrix, (width, height)), dtype=np.uint8))

    return change

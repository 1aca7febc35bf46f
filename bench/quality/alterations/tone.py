"""Blur, noise, light and colour."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from bench.quality.alterations.kinds import Change, Random, picture, pixels


def blur(per_cent: float) -> Change:
    """Gaussian, its radius so many per cent of the longer side."""
    return lambda image, _: image.filter(ImageFilter.GaussianBlur(max(image.size) * per_cent / 100))


def median(image: Image.Image, _: Random) -> Image.Image:
    return image.filter(ImageFilter.MedianFilter(5))


def sharpen(image: Image.Image, _: Random) -> Image.Image:
    return image.filter(ImageFilter.UnsharpMask(3, 180, 2))


def noise(levels: float) -> Change:
    """Gaussian, of so many grey levels, each channel on its own."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        values = pixels(image)
        return picture(values + random.normal(0, levels, values.shape).astype(np.float32))

    return change


def salt_and_pepper(image: Image.Image, random: Random) -> Image.Image:
    values = pixels(image).copy()
    hit = random.random(values.shape[:2])
    values[hit < 0.02] = 0
    values[hit > 0.98] = 255
    return Image.fromarray(values)


def brightness(factor: float) -> Change:
    return lambda image, _: ImageEnhance.Brightness(image).enhance(factor)


def contrast(factor: float) -> Change:
    return lambda image, _: ImageEnhance.Contrast(image).enhance(factor)


def colour(factor: float) -> Change:
    return lambda image, _: ImageEnhance.Color(image).enhance(factor)


def gamma(exponent: float) -> Change:
    table = [round(255 * (level / 255) ** exponent) for level in range(256)] * 3
    return lambda image, _: image.point(table)


def grey(image: Image.Image, _: Random) -> Image.Image:
    return ImageOps.grayscale(image).convert("RGB")


def equalise(image: Image.Image, _: Random) -> Image.Image:
    return ImageOps.equalize(image)


def stretch(image: Image.Image, _: Random) -> Image.Image:
    return ImageOps.autocontrast(image, cutoff=2)


def _mixed(matrix: list[list[float]], *, lift: float = 0.0) -> Change:
    weights = np.array(matrix, dtype=np.float32)
    return lambda image, _: picture(pixels(image).astype(np.float32) @ weights.T + np.float32(lift))


# The usual sepia weights; the filters are of the kind that photo apps name after cities.
sepia = _mixed([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
warm = _mixed([[1.15, 0.05, 0.0], [0.0, 1.02, 0.0], [0.0, 0.0, 0.82]])
cold = _mixed([[0.85, 0.0, 0.0], [0.0, 0.98, 0.05], [0.0, 0.05, 1.2]])
faded = _mixed([[0.75, 0.0, 0.0], [0.0, 0.72, 0.0], [0.0, 0.0, 0.7]], lift=42)


def vignette(image: Image.Image, _: Random) -> Image.Image:
    width, height = image.size
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    shade: npt.NDArray[np.float32] = 1 - np.float32(0.35) * (x * x + y * y)
    return picture(pixels(image) * np.clip(shade, 0, 1)[..., None])

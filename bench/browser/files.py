"""The ways in which a photo comes as a file: what browsers and Pillow may decode to other pixels."""

import io
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from PIL import Image

ORIENTATION: Final = 0x0112
LARGE: Final = (4000, 3000)  # 12 megapixels: the server decodes it at a half (`draft`)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def jpeg(**options: Any) -> Callable[[Image.Image], bytes]:
    return lambda image: saved(image, "JPEG", **{"quality": 85} | options)


def turned(orientation: int) -> Callable[[Image.Image], bytes]:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return jpeg(exif=exif)


def transparent(image: Image.Image) -> Image.Image:
    """Fading to nothing at the left and right; its colours are still there."""
    fade = 255 * np.sin(np.linspace(0, np.pi, image.width))
    image.putalpha(Image.fromarray(np.tile(np.minimum(255, 2 * fade).astype(np.uint8), (image.height, 1))))
    return image


def deep(image: Image.Image) -> Image.Image:
    """Grey of 16 bits."""
    return Image.fromarray((np.asarray(image.convert("F")) * 257).astype(np.uint16))


KINDS: Final[dict[str, Callable[[Image.Image], bytes]]] = {
    "JPEG, colours whole (4:4:4)": jpeg(subsampling=0),
    "JPEG, colours halved (4:2:0)": jpeg(subsampling=2),
    "JPEG, progressive": jpeg(progressive=True),
    "JPEG, quality 40": jpeg(quality=40),
    "JPEG, 12 megapixels": lambda image: jpeg()(image.resize(LARGE, Image.Resampling.BICUBIC)),
    "JPEG, grey": lambda image: jpeg()(image.convert("L")),
    "JPEG, CMYK": lambda image: jpeg()(image.convert("CMYK")),
    **{f"JPEG, orientation {orientation}": turned(orientation) for orientation in range(2, 9)},
    "PNG": lambda image: saved(image, "PNG", compress_level=1),
    "PNG, 256 colours": lambda image: saved(image.quantize(256), "PNG"),
    "PNG, grey of 16 bits": lambda image: saved(deep(image), "PNG", compress_level=1),
    "PNG, transparent": lambda image: saved(transparent(image), "PNG", compress_level=1),
    "WebP": lambda image: saved(image, "WEBP", quality=80),
    "WebP, lossless": lambda image: saved(image, "WEBP", lossless=True, method=0),
    "WebP, transparent": lambda image: saved(transparent(image), "WEBP", quality=80),
    "GIF": lambda image: saved(image, "GIF"),
    "AVIF": lambda image: saved(image, "AVIF", quality=70, speed=9),
}

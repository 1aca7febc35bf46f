"""What this service does to photos: real edits, if small ones."""

import io
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageFilter, ImageOps

LONGEST: Final = 1600  # px of what is given back


def cartoon(photo: Image.Image) -> Image.Image:
    flat = photo.filter(ImageFilter.MedianFilter(7)).quantize(12, dither=Image.Dither.NONE).convert("RGB")
    lines = photo.convert("L").filter(ImageFilter.GaussianBlur(2)).filter(ImageFilter.FIND_EDGES)
    drawn = lines.point(lambda value: 255 if value > 18 else 0)
    flat.paste((30, 30, 40), mask=drawn)
    return flat


def night(photo: Image.Image) -> Image.Image:
    return ImageOps.colorize(photo.convert("L"), black="#050b1c", mid="#27406e", white="#cfe0ff")


def poster(photo: Image.Image) -> Image.Image:
    return ImageOps.posterize(ImageOps.autocontrast(photo), 2)


EDITS: Final[dict[str, Callable[[Image.Image], Image.Image]]] = {"cartoon": cartoon, "night": night, "poster": poster}


def edited(data: bytes, name: str) -> bytes:
    """The photo after this edit, as JPEG."""
    with Image.open(io.BytesIO(data)) as photo:
        upright = ImageOps.exif_transpose(photo).convert("RGB")
    upright.thumbnail((LONGEST, LONGEST))
    file = io.BytesIO()
    EDITS[name](upright).save(file, "JPEG", quality=88)
    return file.getvalue()

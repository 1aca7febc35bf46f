"""Load everything that decoding and hashing load lazily, while files can still be read.

After the server has become `nobody` the interpreter's own files may be out of reach (a checkout below a 0700
directory), and what is warm before the fork costs no image anything.
"""

import io
from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image

from matching.hashing.hashes import fingerprint_of, query_of
from matching.hashing.keypoints import asked_details, stored_details
from matching.hashing.pdq import Floats
from matching.hashing.pictures import FORMATS, pictures

_SIDE: Final = 96


def warm() -> None:
    """Decode one small image of each format and mode, and hash one in every way: what is hashed has no format."""
    x, y = np.meshgrid(np.arange(_SIDE), np.arange(_SIDE))
    grey = Image.fromarray(((x * 3 + y * 5) % 256).astype(np.uint8))
    colour = grey.convert("RGB")
    transparent = colour.convert("RGBA")
    transparent.putalpha(grey)
    Image.init()  # the MPO plugin, which the JPEG one imports only when it meets such a file
    for form in FORMATS:
        modes = [colour, transparent] if form != "JPEG" else [grey, colour, colour.convert("CMYK")]
        for image in modes:
            _decode(image, form)
            if form != "JPEG":
                _decode(image, form, save_all=True, append_images=[image.rotate(90)], duration=100)
    for image in (grey, grey.convert("1"), grey.convert("LA"), grey.convert("P"), grey.convert("I;16")):
        _decode(image, "PNG")
    _decode(colour, "MPO", save_all=True, append_images=[colour])
    exif = Image.Exif()
    exif[0x0112] = 6
    _hash(_decode(colour, "JPEG", exif=exif, progressive=True))


def _decode(image: Image.Image, form: str, **options: object) -> Sequence[Floats]:
    file = io.BytesIO()
    image.save(file, form, **options)
    return pictures(file.getvalue())


def _hash(found: Sequence[Floats]) -> None:
    fingerprint_of(found)
    query_of(found, "high")
    stored_details(found)
    asked_details(found)

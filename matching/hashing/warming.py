"""Make the libraries fit for the decoder process, and load all that they load lazily while files can still be read.

After the server has become `nobody` the interpreter's own files may be out of reach (a checkout below a 0700
directory), and what is warm before the fork costs no image anything.
"""

import io
import warnings
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from PIL import AvifImagePlugin, Image, ImageFile

from .hashes import fingerprint_of, query_of
from .keypoints import asked_details, stored_details
from .pdq import Floats
from .pictures import FORMATS, MAX_PIXELS, pictures

_SIDE: Final = 96


def limit_libraries() -> None:
    """For a process that is ours alone: no threads, which a confined child may not start, and Pillow's own guards."""
    cv2.setNumThreads(0)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow refuses twice this, on opening and for frames that grow
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # ... and only warns in between, which is no news
    ImageFile.LOAD_TRUNCATED_IMAGES = False


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

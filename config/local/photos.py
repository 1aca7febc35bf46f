"""The real photographs that PyWavelets carries, as JPEG: aero, ascent, camera.

python -m config.local.photos NAME FILE writes one.
"""

import io
import sys
from pathlib import Path

import pywt.data
from PIL import Image

NAMES = ("aero", "ascent", "camera")
QUALITY = 92


def photograph(name: str) -> Image.Image:
    return Image.fromarray(getattr(pywt.data, name)().astype("uint8"))


def as_jpeg(image: Image.Image, quality: int = QUALITY) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(as_jpeg(photograph(sys.argv[1])))

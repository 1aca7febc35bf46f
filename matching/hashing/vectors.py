"""Test vectors: an image as a file, and the hashes that each profile makes of it. `/v1/algorithms` serves them.

`python -m matching.hashing.vectors` prints what vectors.json holds, made anew: for a profile that comes, never because
the hashes of one that is there have changed.
"""

import base64
import io
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from matching.hashing.fingerprint import Fingerprint
from matching.hashing.hashes import fingerprint_of, query_of
from matching.hashing.pictures import pictures
from matching.hashing.profile import PROFILES

FILE = Path(__file__).with_name("vectors.json")


@cache
def vectors() -> dict[str, Any]:
    """`image`: a PNG in base64. `profiles`: for each the hashes that are `stored` of it, and those that are `asked`."""
    held: dict[str, Any] = json.loads(FILE.read_text())
    return held


def made(png: bytes) -> dict[str, Any]:
    found = pictures(png)
    return {
        "image": base64.b64encode(png).decode(),
        "profiles": {
            name: {
                "stored": listed(fingerprint_of(found, profile)),
                "asked": listed(query_of(found, profile=profile)),
            }
            for name, profile in PROFILES.items()
        },
    }


def listed(fingerprint: Fingerprint) -> list[dict[str, Any]]:
    """As `/v1/check` takes them."""
    return [
        {
            "view": item.view,
            "orientation": item.orientation,
            "algorithm": item.algorithm,
            "hash": item.bits.hex(),
            "quality": item.quality,
            "texture": item.texture.hex(),
        }
        for item in fingerprint.hashes
    ]


def drawn() -> bytes:
    """Discs on a slope, in whole numbers only, with a border to trim: a PNG of 160 by 120."""
    y, x = np.mgrid[:120, :160]
    red, green, blue = x + y // 2, 200 - x, 40 + y
    for number in range(1, 13):
        inside = (x - number * 53 % 160) ** 2 + (y - number * 37 % 120) ** 2 < (6 + number * 5 % 17) ** 2
        steps = ((61, red), (97, green), (29, blue))
        red, green, blue = (np.where(inside, number * step % 256, old) for step, old in steps)
    framed = np.full((132, 172, 3), 255, np.uint8)
    framed[6:126, 6:166] = np.stack([red, green, blue], axis=-1).clip(0, 255)
    file = io.BytesIO()
    Image.fromarray(framed).save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(made(drawn()), separators=(",", ":")) + "\n")

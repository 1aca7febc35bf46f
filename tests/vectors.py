"""Test vectors of the profile `veto-1`: pictures made by whole-number arithmetic, and the hashes that they have.

The same on every machine and in every language; the server and the browser are both held to them. So are platforms to
the one that `/v1/algorithms` serves. Written anew by `python -m tests.vectors`, which is only right where a profile is
not published yet.
"""

import base64
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from matching.hashing.fingerprint import Fingerprint
from matching.hashing.hashes import fingerprint_of, query_of
from matching.hashing.pictures import pictures
from matching.hashing.profile import PROFILES
from matching.hashing.vectors import FILE as SERVED

FILE = Path(__file__).with_suffix(".json")
Pixels = npt.NDArray[np.int64]


def field(seed: int, width: int, height: int) -> Pixels:
    """(height, width, 3): random colours on three grids, bilinear between them in steps of 1/256."""
    summed = np.zeros((height, width, 3), np.int64)
    state = seed
    for cells, weight in ((5, 4), (11, 3), (29, 3)):
        colours = np.empty((cells + 1) ** 2 * 3, np.int64)
        for place in range(len(colours)):
            state = (state * 1664525 + 1013904223) % 2**32
            colours[place] = state >> 24
        grid = colours.reshape(cells + 1, cells + 1, 3)
        y, x = np.arange(height) * cells * 256 // height, np.arange(width) * cells * 256 // width
        row, down, column, over = y >> 8, (y & 255)[:, None, None], x >> 8, (x & 255)[None, :, None]
        above = grid[row][:, column] * (256 - over) + grid[row][:, column + 1] * over
        below = grid[row + 1][:, column] * (256 - over) + grid[row + 1][:, column + 1] * over
        summed += weight * ((above * (256 - down) + below * down) >> 16)
    return summed // 10


def framed(width: int, height: int, colour: int, within: tuple[int, int], picture: Pixels) -> Pixels:
    """A picture on a plain ground, with a few lines of something like words below it."""
    page = np.full((height, width, 3), colour, np.int64)
    left, top = within
    page[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    for line in range(top + picture.shape[0] + 12, height - 12, 24):
        page[line : line + 8, left : left + width // 3 : 5] = 255 - colour
    return page


def transparent(picture: Pixels) -> Pixels:
    """Opaque in the middle, half so around that, nothing at the edges, under which its colours are still there."""
    height, width, _ = picture.shape
    away = np.maximum(*np.meshgrid(abs(np.arange(width) * 2 - width), abs(np.arange(height) * 2 - height)))
    opacity = np.select([away < 0.6 * width, away < 0.8 * width], [255, 128], 0)
    return np.dstack([picture, opacity])


def cases() -> Iterator[tuple[str, Pixels]]:
    """A name and (height, width, 3 or 4) values 0..255."""
    yield "landscape", field(1, 1300, 870)
    yield "portrait of canonical size", field(2, 341, 512)
    yield "small", field(3, 123, 77)
    yield "block of 64", field(4, 64, 64)
    yield "bordered", framed(700, 700, 236, (40, 90), field(5, 620, 413))
    yield "captioned", framed(640, 640, 20, (0, 0), field(6, 640, 520))
    yield "screenshot", framed(720, 1280, 250, (36, 260), field(7, 648, 486))
    yield "wide", field(8, 2500, 300)
    yield "transparent", transparent(field(9, 600, 450))


def png(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG", compress_level=1)
    return file.getvalue()


def lines(fingerprint: Fingerprint) -> list[str]:
    return [
        f"{item.frame} {item.view} {item.orientation} {item.algorithm} {item.bits.hex()} {item.quality} "
        f"{item.texture.hex() or '-'}"
        for item in fingerprint.hashes
    ]


def expected(pixels: Pixels) -> dict[str, Any]:
    canonical = pictures(png(pixels))
    asked = lines(query_of(canonical))
    return {
        "pixels": hashlib.sha256(pixels.astype(np.uint8).tobytes()).hexdigest(),
        "stored": lines(fingerprint_of(canonical)),
        "asked": hashlib.sha256("\n".join(asked).encode()).hexdigest(),
    }


def drawn() -> bytes:
    """Of what is served. Discs on a slope, in whole numbers only, with a border to trim: a PNG of 160 by 120."""
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


def served(image: bytes) -> dict[str, Any]:
    canonical = pictures(image)
    return {
        "image": base64.b64encode(image).decode(),
        "profiles": {
            name: {
                "stored": listed(fingerprint_of(canonical, profile)),
                "asked": listed(query_of(canonical, profile=profile)),
            }
            for name, profile in PROFILES.items()
        },
    }


if __name__ == "__main__":
    SERVED.write_text(json.dumps(served(drawn()), separators=(",", ":")) + "\n")
    FILE.write_text(json.dumps({name: expected(pixels) for name, pixels in cases()}, indent=1) + "\n")

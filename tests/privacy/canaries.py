"""What is sent so that it can be looked for, and every form in which it might have been written down."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
from PIL import Image

from matching.hashing.hashes import fingerprint_of, query_of
from matching.hashing.keypoints import asked_details, stored_details
from matching.hashing.pictures import pictures
from tests.pictures import encoded, textured

PIECE = 16  # bytes by which an array is known wherever it were cut
DESCRIPTION = 0x010E  # ImageDescription, EXIF 2.3
FLIP = bytes(255 - byte for byte in range(256))
MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))  # bits packed from the other end


@dataclass(frozen=True)
class Canary:
    """`needles`: any of them gives it away."""

    name: str
    needles: tuple[bytes, ...]


def word(name: str, *texts: str) -> Canary:
    return Canary(name, tuple({form for text in texts for form in forms_of_text(text)}))


def array(name: str, *values: bytes) -> Canary:
    return Canary(name, tuple({form for value in values for form in forms_of_bytes(value)}))


def forms_of_text(text: str) -> Iterator[bytes]:
    raw = text.encode()
    yield from (raw, text.encode("utf-16-le"), text.encode("utf-16-be"), raw.hex().encode())
    yield from (json.dumps(text)[1:-1].encode(), quote(text).encode(), quote(text, safe="").encode())
    yield from encoded_by_three(raw)


def forms_of_bytes(value: bytes) -> Iterator[bytes]:
    for form in (value, value.translate(FLIP), value.translate(MIRROR), value[::-1]):
        yield form
        yield from (form.hex().encode(), form.hex().upper().encode(), form.hex().encode("utf-16-le"))
        yield from encoded_by_three(form)


def encoded_by_three(raw: bytes) -> Iterator[bytes]:
    """base64 in both alphabets, wherever the value begins in what was encoded; without the ends, which differ."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4]
        yield from (text, text.translate(bytes.maketrans(b"+/", b"-_")))


@dataclass(frozen=True)
class Photo:
    """A file that holds a text in its EXIF block, and what is to be found of it nowhere."""

    file: bytes
    traces: tuple[Canary, ...]
    image: Image.Image


def photo(seed: int, kind: str, description: str) -> Photo:
    image = textured(seed)
    exif = Image.Exif()
    exif[DESCRIPTION] = description
    file = encoded(image, kind, exif=exif)
    pixels = np.asarray(image)
    lines = [pixels[row, 40:60].tobytes()[:PIECE] for row in range(20, 340, 40)]
    lines += [np.asarray(image.convert("L"))[row, 40 : 40 + PIECE].tobytes() for row in range(20, 340, 40)]
    found = pictures(file)
    codes = {
        code
        for item in (*fingerprint_of(found).hashes, *query_of(found).hashes)
        for code in (item.bits, item.texture)
        if code
    }
    kept = stored_details(found)
    assert kept is not None
    packed = kept.to_bytes(coarse=True), asked_details(found).to_bytes(coarse=False)
    return Photo(
        file,
        (
            array(f"{kind} file", *pieces([file], 200)),
            array(f"{kind} pixels", *lines),
            word(f"{kind} EXIF", description),
            array(f"{kind} hashes", *(half for code in codes for half in (code[:PIECE], code[PIECE:]))),
            array(f"{kind} details", *pieces(packed, 40)),
        ),
        image,
    )


def pieces(arrays: Iterable[bytes], start: int) -> Iterator[bytes]:
    for each in arrays:
        for offset in range(start, len(each) - PIECE, max(1, len(each) // 6)):
            yield each[offset : offset + PIECE]

"""Images to questions: fingerprints and details, made here by the registry's own code. The image goes nowhere."""

import base64
import io
import os
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, Final

from PIL import Image as Pillow

from veto_client.errors import UnreadableImageError
from veto_client.hashing.errors import ImageError
from veto_client.hashing.fingerprint import HASH_BYTES, Hash
from veto_client.hashing.hashes import query_of
from veto_client.hashing.keypoints import asked_details
from veto_client.hashing.pictures import pictures

Image = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO | Pillow.Image

_NO_TEXTURE: Final = bytes(HASH_BYTES)


def question(data: bytes, *, details: bool) -> list[dict[str, Any]]:
    """What is asked of an image: an item for each of its pictures, none if it is blank. Raises UnreadableImageError.

    A picture is a frame of an animation, or a treatment of transparency (over white, or dropped). `details` (local
    features, about 35 ms of CPU) find what is left of a photo after heavy crops and edits.
    """
    try:
        found = pictures(data)
    except ImageError as error:
        raise UnreadableImageError(error.detail) from None
    asked = query_of(found)
    of_pictures = groupby(sorted(asked.hashes, key=lambda item: item.frame), lambda item: item.frame)
    items = [_item(asked.profile, list(hashes)) for _, hashes in of_pictures]
    if items and details and (packed := asked_details(found).to_bytes(coarse=False)):
        items[0]["details"] = base64.b64encode(packed).decode()
    return items


def _item(profile: str, hashes: list[Hash]) -> dict[str, Any]:
    packed = b"".join(item.bits + (item.texture or _NO_TEXTURE) for item in hashes)
    views = ["dhash" if item.algorithm == "dhash" else item.view for item in hashes]
    return {"profile": profile, "packed": base64.b64encode(packed).decode(), "views": views}


def read(image: Image) -> bytes:
    """The bytes of an image: of a path, an open file, bytes, or a Pillow image. Raises OSError of a file."""
    if isinstance(image, (bytes, bytearray, memoryview)):
        return bytes(image)
    if isinstance(image, (str, os.PathLike)):
        return Path(image).read_bytes()
    if isinstance(image, Pillow.Image):
        file = io.BytesIO()
        image.save(file, "PNG", compress_level=1)
        return file.getvalue()
    return image.read()

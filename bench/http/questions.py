"""What is asked: hashes of no photo, and pictures made by code, encoded like a camera's."""

import base64
import io
import json
from typing import Any, Final

import numpy as np
from PIL import Image

from bench.http import codes
from bench.http.client import request
from matching.hashing.fingerprint import Fingerprint

COUNT: Final = 200
PHOTO, LARGE = (1600, 1004), (4000, 3000)
FORMS: Final = ((5, 0.5), (9, 0.4), (17, 0.3), (40, 0.25), (90, 0.2), (200, 0.15))  # cells across, and weight


def picture(seed: int, size: tuple[int, int]) -> Image.Image:
    """Random forms from coarse to fine, and a sensor's noise: a JPEG of it is about as large as a photograph's."""
    random = np.random.default_rng([19, seed])
    image = np.full((size[1], size[0], 3), 128, np.float32)
    for cells, weight in FORMS:
        small = Image.fromarray(random.integers(0, 256, (cells, cells, 3), np.uint8))
        image += (np.asarray(small.resize(size, Image.Resampling.BICUBIC), np.float32) - 128) * np.float32(weight)
    image += random.normal(0, 3, image.shape[:2]).astype(np.float32)[..., None]
    return Image.fromarray(image.clip(0, 255).astype(np.uint8))


def jpeg(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def plain(question: Fingerprint) -> bytes:
    return json.dumps(
        {"profile": "pdq", "hashes": [{"hash": question.hashes[0].bits.hex()}], "uses": ["edit"]}
    ).encode()


def full(question: Fingerprint) -> bytes:
    hashes: list[dict[str, Any]] = [
        {
            "view": item.view,
            "orientation": item.orientation,
            "algorithm": item.algorithm,
            "hash": item.bits.hex(),
            "quality": item.quality,
        }
        | ({"texture": item.texture.hex()} if item.texture else {})
        for item in question.hashes
    ]
    return json.dumps({"profile": question.profile, "hashes": hashes, "uses": ["edit"]}).encode()


def packed(question: Fingerprint) -> bytes:
    data = b"".join(item.bits + (item.texture or bytes(32)) for item in question.hashes)
    views = [item.view if item.algorithm == "pdq" else "dhash" for item in question.hashes]
    body = {"profile": question.profile, "packed": base64.b64encode(data).decode(), "views": views, "uses": ["edit"]}
    return json.dumps(body).encode()


def of_hashes(key: str) -> dict[str, list[bytes]]:
    """By kind: whole requests."""
    questions = codes.asked(COUNT)
    return {"bare": [request("GET", "/v1/me", key)]} | {
        kind: [request("POST", "/v1/check", key, form(each)) for each in questions]
        for kind, form in (("pdq", plain), ("veto-1", full), ("veto-1 packed", packed))
    }


def of_images(images: list[bytes], key: str) -> list[bytes]:
    return [request("POST", "/v1/check/image?uses=edit", key, image) for image in images]

"""Real photographs and expected hashes for the tests of fingerprints."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pywt.data
from PIL import Image, ImageOps

SHARED: Final = Path(__file__).resolve().parents[4] / "shared" / "photos"

# Made with pdqhash 0.2.8 (the reference in C++) from the value in R, G and B; orientations in its order.
SYNTHETIC: Final[dict[str, tuple[int, int, Callable[[Any, Any], Any], list[str]]]] = {
    "(x*3+y*5)%256": (
        64,
        64,
        lambda x, y: (x * 3 + y * 5) % 256,
        [
            "01ffab00aa55aad5ff80003f556a554a555afff00007bffd0aa9aaabfffe0000",
            "7856f42d7856b42d785eb42d785e342d9a5e0c2d865e0b2d879e0bcd87a60bc3",
            "54aa01ffff00007faad5aa950abfffe0000f555a55525557fffc0001aaabaaaa",
            "2d035e872d0b1e872d0b1e872f0b9e87cf0ba687d30ba187d2cba167d2f3a169",
            "01ff40aaaa55552aff80ffc057eaaab5555a000f000700022aa95554fffeffff",
            "54aaea00ff00ff80aad5556a00bf001f000faaa55552aaa85ffcfffeaaab5555",
            "78560bc278560bd2785e0bd2785ecbd2985eb3d2865eb4d2879eb43287a6b43c",
            "2d0ba1782d0ba1782f0ba1782f0b6178cf0b5978d30b5e78d2cb5e98d2f35e96",
        ],
    ),
    "(x*y)%256": (
        64,
        64,
        lambda x, y: (x * y) % 256,
        [
            "9999331b6333c6338c63186370c7e1c783870f0e3c0ff81ec07c03f87ff0ffa0",
            "9999cce46733398c8c73c71c70c71c38878fe0f13c1f07c1c0fefc017ff8005f",
            "ccce99b132666cd9d926924925b24b6dd2dab5a46b5a52b495aba956aaad550a",
            "cccc664e32669326d9266db62492b492d2da4a5b694aad6b95ab56a92aa9aaf5",
            "9999cce46733398c8c73c71c70c71c38878fe0f13c1f07c1c0fefc017ff8005f",
            "cccc664e32669326d9266db62492b492d2da4a5b694aad6b95ab56a92aa9aaf5",
            "9999331b6333c6338c73186370c7e1c783870f0e3c0ff01ec07c03f87ff0ffa0",
            "ccce99b132666cd9d926924925b24b6dd2dab5a46b5a52b495aba956aaad550a",
        ],
    ),
    "(x*x+y*7)%251": (
        300,
        200,
        lambda x, y: (x * x + y * 7) % 251,
        [
            "8ee6e5dd8ce6ffdecce60421731944a1b31914abb33914a3932154a1f3299ce7",
            "f8a9a4fd52a2fd04b80002aa92aaad55f80047fead7fadff52a047feb811f80a",
            "dbb34e32d9b3457099b3ae8b264cae8be64cbe81e66cbe09c654ae0b26743648",
            "adfc0e5307f747aeed54a800c7ff07ffad50ad54f822075507b5ed54ed041200",
            "8ee61a268ce60021cce6fbde7319bbdeb308ebd4b328ebdc9300bb5e73206318",
            "dbb3b0cdd9b3ba8b99b35174264c1174e65c4174e67c4176c67551742675c132",
            "f8ab5b0652a212ffb801fd5592aa52aaf955f801ad7f52a052e2f801b85147ff",
            "adfcf0a807f7a851ed5457ffc7ffb800ad4012abf822f80a07b502aaed04ad54",
        ],
    ),
}


def synthetic(name: str) -> npt.NDArray[np.uint8]:
    """(height, width, 3) uint8."""
    width, height, value, _ = SYNTHETIC[name]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.repeat(value(x, y).astype(np.uint8)[..., None], 3, axis=2)


def shared_vectors() -> dict[str, Any]:
    """Expected hashes of the reference's own photographs, {} in a checkout that stands alone."""
    path = SHARED / "pdq-vectors.json"
    return json.loads(path.read_text())["files"] if path.exists() else {}


def photographs() -> dict[str, Image.Image]:
    """The three real photographs that PyWavelets carries, 512 × 512 each: a plane, a staircase, a man with a camera."""
    return {
        name: Image.fromarray(np.asarray(getattr(pywt.data, name)(), dtype=np.uint8)).convert("RGB")
        for name in ("aero", "ascent", "camera")
    }


def encoded(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _cropped(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((width // 10, height // 10, width - width // 10, height - height // 10))


ALTERATIONS: Final[dict[str, Callable[[Image.Image], Image.Image]]] = {
    "recompressed": lambda image: image,
    "resized": lambda image: image.resize((300, 280)),
    "mirrored": ImageOps.mirror,
    "turned by a quarter": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "cropped to 80 %": _cropped,
    "framed in white": lambda image: ImageOps.expand(image, 60, "white"),
    "framed in black": lambda image: ImageOps.expand(image, (10, 90), "black"),
}


def distance(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()

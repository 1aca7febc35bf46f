"""Folders of photos."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".avif"})
LONGEST_SIDE: Final = 1024  # pixels of what is altered: twice what is hashed, and as large as platforms show


@dataclass(frozen=True, slots=True)
class Photo:
    """`name` is folder/file, and all that is ever written down of it."""

    path: Path
    name: str

    def read(self) -> bytes:
        return self.path.read_bytes()


def photos(folders: str) -> list[Photo]:
    """Those of several folders (commas between), ordered by name. Raises FileNotFoundError for an empty one."""
    found = []
    for text in filter(None, (folder.strip() for folder in folders.split(","))):
        folder = Path(text).expanduser().resolve()
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        if not files:
            raise FileNotFoundError(f"no photo in {folder}")
        found += [Photo(path, f"{folder.name}/{path.relative_to(folder)}") for path in files]
    return found


def upright(data: bytes) -> Image.Image:
    """RGB as a viewer shows it, reduced to what is altered."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return image


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

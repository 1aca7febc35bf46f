"""The type of an alteration and what all of them need."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFont

Random = np.random.Generator
Change = Callable[[Image.Image, Random], Image.Image]
Pixels = npt.NDArray[np.uint8]

JPEG_QUALITY: Final = 85  # what a phone or a platform writes when nothing else is the point


@dataclass(frozen=True, slots=True)
class Encoding:
    """A file format and what its encoder is told."""

    form: str = "JPEG"
    options: tuple[tuple[str, Any], ...] = (("quality", JPEG_QUALITY),)

    def __call__(self, image: Image.Image) -> bytes:
        file = io.BytesIO()
        image.save(file, self.form, **dict(self.options))
        return file.getvalue()


JPEG: Final = Encoding()


def unchanged(image: Image.Image, _: Random) -> Image.Image:
    return image


def then(*changes: Change) -> Change:
    """One after the other, recompressed in between, as it happens when a picture is passed on."""

    def chain(image: Image.Image, random: Random) -> Image.Image:
        for change in changes:
            image = recompressed(change(image, random), JPEG_QUALITY)
        return image

    return chain


def recompressed(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    file.seek(0)
    return Image.open(file).convert("RGB")


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image, dtype=np.uint8)


def picture(values: npt.NDArray[Any]) -> Image.Image:
    """(height, width, 3) of any real type, rounded and clipped."""
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def font(size: float) -> ImageFont.FreeTypeFont:
    """Pillow's own, so that every machine writes the same."""
    found = ImageFont.load_default(size=max(6.0, size))
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType: the alterations need its scalable font")
    return found


_TALK: Final = (
    "when you finally see it look at this one day everybody will know what really happened here last summer night "
    "nobody expected that my friends told me about the place we went together and then again the other week thanks "
    "for sharing love the colours wow how did this happen please send me more of those great pictures of your trip"
)


def sentence(random: Random, words: int) -> str:
    return " ".join(str(word) for word in random.choice(_TALK.split(), size=words)).capitalize()

"""Bytes to canonical pictures: luma, at most 512 on the longer side.

The service runs it in the decoder process only; a platform that fingerprints its own images, where it likes.

Colour profiles are ignored. A browser converts to sRGB when it draws; measured on 27 photographs and all centred views,
that is 2 bits on average and at most 10 for Display P3, 4 and 14 for Adobe RGB, both well within a match. Converting
here would hand a stranger's profile to one more parser, and most platforms drop profiles before they look.
"""

import io
import math
from collections.abc import Callable, Iterator
from typing import Final, cast

import numpy as np
from PIL import ExifTags, Image, JpegImagePlugin, UnidentifiedImageError, features

from .area import shrink
from .errors import ACCEPTED, ImageError, TooManyPixels, UndecodableImage, UnsupportedImage
from .pdq import Floats
from .profile import VETO_1

MAX_PIXELS: Final = 100_000_000
MAX_FRAMES: Final = 4
FRAMES_WITHIN: Final = 64  # a frame needs all those before it decoded: later ones would cost without bound
_DRAFT_FACTOR: Final = 2  # a JPEG is decoded at a half, quarter or eighth while it stays so many times canonical

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", *(("AVIF",) if features.check("avif") else ()))

# The EXIF orientations (CIPA DC-008, 4.6.5.1.6), as what shows the picture upright.
_TURNS: Final[dict[int, Callable[[Floats], Floats]]] = {
    2: lambda picture: picture[:, ::-1],
    3: lambda picture: picture[::-1, ::-1],
    4: lambda picture: picture[::-1],
    5: lambda picture: picture.T,
    6: lambda picture: picture.T[:, ::-1],
    7: lambda picture: picture.T[::-1, ::-1],
    8: lambda picture: picture.T[::-1],
}


def pictures(data: bytes) -> list[Floats]:
    """The canonical pictures of a file: (height, width) float32 luma 0..255, longer side at most 512.

    One for each frame that is looked at and each treatment of its transparency, never none. Raises ImageError when
    the bytes are at fault.
    """
    try:
        with _open(data) as image:
            return [picture for frame in _frames(image) for picture in _renderings(frame)]
    except ImageError:
        raise
    except MemoryError:
        raise UndecodableImage("The image needs more memory than is allowed.") from None
    except Image.DecompressionBombError as error:
        raise _too_many(_first_number(error)) from None
    except Exception:  # noqa: BLE001
        # A damaged file makes a decoder fail in any way it likes; its words may quote the file.
        raise UndecodableImage("The image is damaged or incomplete.") from None


def _open(data: bytes) -> Image.Image:
    if not data:
        raise UndecodableImage("The file is empty.")
    known = _begins_like_an_accepted_format(data)
    if known and data[8:12] == b"WEBP":
        _guard(*_webp_size(data))  # Pillow's plugin reserves the whole canvas on opening
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        if known:
            raise UndecodableImage("The image is damaged or incomplete.") from None
        raise UnsupportedImage(f"This is not an image of an accepted format: {ACCEPTED}.") from None


def _begins_like_an_accepted_format(data: bytes) -> bool:
    return (
        data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"))
        or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
        or (data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis") and "AVIF" in FORMATS)
    )


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height as the container states them (RFC 9649), (1, 1) when it is left to the decoder to complain."""
    if data[12:16] == b"VP8X" and len(data) >= 30:
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if data[12:16] == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if data[12:16] == b"VP8 " and len(data) >= 30:
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    return 1, 1


def _guard(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise UndecodableImage(f"The image is {width}×{height}: it has no pixels.")
    if width * height > MAX_PIXELS:
        raise _too_many(width * height, f"{width}×{height}, ")


def _too_many(pixels: int, sides: str = "") -> TooManyPixels:
    return TooManyPixels(
        f"The image has {sides}{pixels / 1e6:.1f} megapixels; the limit is {MAX_PIXELS // 1_000_000} megapixels."
    )


def _first_number(error: Exception) -> int:
    digits = "".join(character if character.isdigit() else " " for character in str(error)).split()
    return int(digits[0]) if digits else MAX_PIXELS


def _frames(image: Image.Image) -> Iterator[Image.Image]:
    _guard(*image.size)
    # The further pictures of a phone's JPEG are depth maps and previews.
    total = 1 if isinstance(image, JpegImagePlugin.JpegImageFile) else getattr(image, "n_frames", 1)
    within = min(total, FRAMES_WITHIN)
    count = min(within, MAX_FRAMES)
    for number in range(count):
        if number:
            image.seek(number * (within - 1) // (count - 1))
        _guard(*image.size)
        yield image


def _renderings(image: Image.Image) -> list[Floats]:
    """One picture, or two where something shows through: over white, and with transparency dropped.

    Programs do either: the codes are 34–42 bits apart, so both are asked and stored.
    """
    width, height = image.size
    canonical = _canonical_size(width, height)
    extent = _draft(image, canonical)
    image.load()
    source = (image.height, image.width)

    def averaged(luma: Callable[[Image.Image], Floats]) -> Floats:
        def rows(top: int, bottom: int) -> Floats:
            return luma(image.crop((0, top, image.width, bottom)))

        return _oriented(shrink(rows, source, extent, canonical), image)

    if not _shows_through(image):
        return [averaged(_luma)]
    return [averaged(_luma_over_white), averaged(_luma_without_alpha)]


def _canonical_size(width: int, height: int) -> tuple[int, int]:
    """(height, width), rounded half up; never enlarged, never 0."""
    longest = VETO_1.longest_side
    scale = min(1.0, longest / max(width, height))
    return max(1, math.floor(height * scale + 0.5)), max(1, math.floor(width * scale + 0.5))


def _draft(image: Image.Image, canonical: tuple[int, int]) -> tuple[float, float]:
    """Let the JPEG decoder do what it can in the frequency domain; the picture's (height, width) in decoded pixels.

    Measured on kodak ×1, ×3.7 and ×5.3 and the photographs of PDQ: decoding the luma channel alone, at no less than
    twice the canonical size, changes 0.6 bits on average, 2 at the 95th percentile and at most 4 in every fixed view.
    It takes a 12-megapixel JPEG from 203 to 50 ms and a 100-megapixel one to 60.
    """
    width, height = image.size
    drafted = None
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        wanted = (canonical[1] * _DRAFT_FACTOR, canonical[0] * _DRAFT_FACTOR)
        mode = "L" if image.mode == "RGB" else image.mode
        drafted = image.draft(mode, wanted)
    if drafted is None:
        return float(height), float(width)
    _, (_, _, right, bottom) = drafted
    return bottom, right


def _oriented(picture: Floats, image: Image.Image) -> Floats:
    """The EXIF orientation, applied to the small picture: averaging by area and turning may change places."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001 (unreadable metadata fails in any way: shown as it is, as browsers do)
        return picture
    turn = _TURNS.get(orientation)
    return picture if turn is None else np.ascontiguousarray(turn(picture))


def _shows_through(image: Image.Image) -> bool:
    if image.mode.startswith("I") or not image.has_transparency_data:
        return False  # 16-bit grey has at most one colour that is transparent, and no conversion to RGBA
    step = max(1, 4_000_000 // image.width)
    for top in range(0, image.height, step):
        strip = image.crop((0, top, image.width, min(top + step, image.height)))
        if strip.mode != "RGBA":
            strip = strip.convert("RGBA")
        lowest, _ = cast("tuple[int, int]", strip.getchannel("A").getextrema())
        if lowest < 255:
            return True
    return False


def _luma(strip: Image.Image) -> Floats:
    if strip.mode in ("L", "F"):
        return np.asarray(strip, dtype=np.float32)
    if strip.mode.startswith("I"):
        # 16-bit grey: Pillow's own conversion clips at 255.
        return np.asarray(strip, dtype=np.float32) / np.float32(257)
    if strip.mode != "RGB":
        strip = strip.convert("RGB")
    return np.asarray(strip.convert("F"))  # Pillow's formula: (299 R + 587 G + 114 B) / 1000 in float32


def _luma_over_white(strip: Image.Image) -> Floats:
    strip = strip.convert("RGBA")
    opacity = np.asarray(strip.getchannel("A"), dtype=np.float32) / np.float32(255)
    white = np.float32(255)
    over: Floats = white + opacity * (_luma(strip.convert("RGB")) - white)
    return over


def _luma_without_alpha(strip: Image.Image) -> Floats:
    return _luma(strip.convert("RGBA").convert("RGB"))

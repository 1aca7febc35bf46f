import contextlib
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from matching.hashing.errors import ImageError, TooManyPixels, UndecodableImage, UnsupportedImage
from matching.hashing.pictures import FORMATS, MAX_FRAMES, pictures
from tests.unit.hashing.material import encoded, photographs

COLOUR = Image.merge("RGB", [photographs()[name].convert("L").resize((200, 120)) for name in photographs()])
LUMA = np.asarray(COLOUR, dtype=np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)


def png_of(width: int, height: int, *, depth: int = 8, kind: int = 2) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")
    )


def close(picture: Any, expected: Any, tolerance: float) -> None:
    assert picture.shape == expected.shape
    assert picture.dtype == np.float32
    assert np.abs(picture - expected).mean() <= tolerance


@pytest.mark.parametrize("form", FORMATS)
def test_every_accepted_format_gives_the_luma_of_its_pixels(form: str) -> None:
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}, "AVIF": {"quality": 95}}.get(form, {})
    (picture,) = pictures(encoded(COLOUR, form, **options))
    close(picture, LUMA, {"PNG": 0.001, "WEBP": 0.001, "GIF": 6}.get(form, 2))


def test_avif_is_accepted_where_pillow_has_it() -> None:
    assert ("AVIF" in FORMATS) == features.check("avif")


@pytest.mark.parametrize(
    ("size", "canonical"), [((1000, 600), (307, 512)), ((600, 1001), (512, 307)), ((4000, 3), (1, 512))]
)
def test_the_longer_side_is_shrunk_to_512(size: tuple[int, int], canonical: tuple[int, int]) -> None:
    assert pictures(encoded(COLOUR.resize(size), "PNG"))[0].shape == canonical


def test_a_small_picture_is_never_enlarged() -> None:
    assert pictures(encoded(COLOUR.resize((5, 1)), "PNG"))[0].shape == (1, 5)


@pytest.mark.parametrize("value", [0, 1, 128, 255])
def test_a_constant_picture_stays_constant(value: int) -> None:
    (picture,) = pictures(encoded(Image.new("RGB", (901, 777), (value, value, value)), "PNG"))
    np.testing.assert_allclose(picture, value, atol=1e-3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_exif_orientation_is_applied(form: str, orientation: int) -> None:
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    held = COLOUR.transpose(back[orientation]) if orientation in back else COLOUR
    exif = Image.Exif()
    exif[0x0112] = orientation
    (picture,) = pictures(encoded(held, form, exif=exif, quality=95))
    close(picture, LUMA, 3)


def test_a_nonsensical_orientation_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    close(pictures(encoded(COLOUR, "JPEG", exif=exif, quality=95))[0], LUMA, 2)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_png_of_every_mode_is_the_same_picture(mode: str) -> None:
    grey = COLOUR.convert("L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey, dtype=np.uint16) * np.uint16(257))
        tolerance = 0.01
    elif mode == "1":
        image = grey.point(lambda value: 255 if value > 127 else 0).convert("1")
        grey, tolerance = image.convert("L"), 0.01
    else:
        image, tolerance = grey.convert(mode), 0.01
    (picture,) = pictures(encoded(image, "PNG"))
    close(picture, np.asarray(grey, dtype=np.float32), tolerance)


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    image = Image.fromarray(np.full((40, 40), 32896, dtype=np.uint16))
    np.testing.assert_allclose(pictures(encoded(image, "PNG"))[0], 128, atol=1e-3)


def test_sixteen_bit_grey_with_a_transparent_colour_is_read() -> None:
    image = Image.fromarray(np.full((40, 40), 32896, dtype=np.uint16))
    np.testing.assert_allclose(pictures(encoded(image, "PNG", transparency=5))[0], 128, atol=1e-3)


def test_a_cmyk_jpeg_is_the_same_picture() -> None:
    (picture,) = pictures(encoded(COLOUR.convert("CMYK"), "JPEG", quality=95))
    close(picture, LUMA, 3)


def test_a_progressive_jpeg_is_the_same_picture() -> None:
    (picture,) = pictures(encoded(COLOUR, "JPEG", quality=95, progressive=True))
    close(picture, LUMA, 2)


def test_a_jpeg_shrunk_while_it_is_decoded_is_the_same_picture() -> None:
    large = COLOUR.resize((2201, 1321), Image.Resampling.BICUBIC)
    (picture,) = pictures(encoded(large, "JPEG", quality=95))
    close(picture, pictures(encoded(large, "PNG"))[0], 1.5)


def test_of_a_phones_double_jpeg_the_first_picture_counts() -> None:
    data = encoded(COLOUR, "MPO", quality=95, save_all=True, append_images=[COLOUR.rotate(180)])
    (picture,) = pictures(data)
    close(picture, LUMA, 2)


def test_what_shows_through_is_seen_over_white_and_without_transparency() -> None:
    image = COLOUR.convert("RGBA")
    mask = Image.new("L", image.size, 255)
    mask.paste(0, (0, 0, 100, 120))
    image.putalpha(mask)
    over_white, dropped = pictures(encoded(image, "PNG"))
    np.testing.assert_allclose(over_white[:, :100], 255, atol=1e-3)
    close(over_white[:, 100:], LUMA[:, 100:], 0.01)
    close(dropped, LUMA, 0.01)


def test_half_transparency_is_mixed_with_white() -> None:
    image = Image.new("RGBA", (30, 30), (0, 0, 0, 51))
    over_white, dropped = pictures(encoded(image, "PNG"))
    np.testing.assert_allclose(over_white, 204, atol=0.01)
    np.testing.assert_allclose(dropped, 0, atol=0.01)


def test_an_opaque_alpha_channel_changes_nothing() -> None:
    (picture,) = pictures(encoded(COLOUR.convert("RGBA"), "PNG"))
    close(picture, LUMA, 0.001)


def test_a_transparent_palette_colour_shows_through() -> None:
    image = COLOUR.quantize(16)
    assert len(pictures(encoded(image, "PNG", transparency=3))) == 2
    assert len(pictures(encoded(image, "GIF", transparency=3))) == 2


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_some_frames_of_an_animation_are_pictures_of_their_own(form: str) -> None:
    frames = [Image.new("RGB", (60, 40), (20 * number, 20 * number, 20 * number)) for number in range(10)]
    data = encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=50)
    seen = pictures(data)
    assert len(seen) == MAX_FRAMES
    assert [round(float(picture.mean()) / 20) for picture in seen] == [0, 3, 6, 9]


def test_a_short_animation_is_seen_whole() -> None:
    frames = [Image.new("L", (60, 40), 60 * number) for number in range(2)]
    assert len(pictures(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))) == 2


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(100)
TIFF = encoded(COLOUR, "TIFF")


@pytest.mark.parametrize("data", [b"just text, named photo.jpg", SVG, HEIC, TIFF, b"\x00", encoded(COLOUR, "BMP")])
def test_other_formats_are_unsupported_and_the_accepted_are_named(data: bytes) -> None:
    with pytest.raises(UnsupportedImage, match="JPEG, PNG, WebP, GIF and AVIF") as caught:
        pictures(data)
    assert (caught.value.code, caught.value.status) == ("unsupported-image", 415)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_truncated_image_is_undecodable(form: str, part: float) -> None:
    data = encoded(COLOUR, form)
    with pytest.raises(UndecodableImage) as caught:
        pictures(data[: int(len(data) * part)])
    assert (caught.value.code, caught.value.status) == ("image-undecodable", 422)


def test_an_empty_file_is_undecodable() -> None:
    with pytest.raises(UndecodableImage, match="empty"):
        pictures(b"")


@pytest.mark.parametrize(
    "data", [png_of(0, 0), png_of(0, 5), b"GIF89a" + bytes(7) + b";", b"\xff\xd8\xff\xe0", b"GIF89a"]
)
def test_an_image_without_pixels_is_undecodable(data: bytes) -> None:
    with pytest.raises(UndecodableImage):
        pictures(data)


@pytest.mark.parametrize("size", [(30_000, 30_000), (10_001, 10_000), (100_000_001, 1)])
def test_more_than_100_megapixels_are_refused_before_they_are_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(TooManyPixels, match=f"{size[0] * size[1] / 1e6:.1f} megapixels; the limit is 100 megap") as it:
        pictures(png_of(*size))
    assert (it.value.code, it.value.status) == ("image-too-many-pixels", 422)


def test_a_webp_canvas_is_measured_before_it_is_reserved() -> None:
    side = (16_383 - 1).to_bytes(3, "little")
    data = b"RIFF" + struct.pack("<I", 40) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + side + side + bytes(18)
    with pytest.raises(TooManyPixels, match="16383×16383"):
        pictures(data)


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}])
def test_a_webp_of_each_container_is_read(options: dict[str, Any]) -> None:
    assert pictures(encoded(COLOUR, "WEBP", **options))[0].shape == LUMA.shape


@pytest.mark.parametrize("form", FORMATS)
def test_random_damage_never_raises_anything_but_an_image_error(form: str) -> None:
    random = np.random.default_rng(7)
    data = encoded(COLOUR.resize((60, 40)), form)
    for _ in range(60):
        damaged = bytearray(data)
        for place in random.integers(0, len(data), 4):
            damaged[place] = random.integers(0, 256)
        with contextlib.suppress(ImageError):
            pictures(bytes(damaged))

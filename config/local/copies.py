"""Altered copies of a photo, as people make them: what `make demo` asks about."""

from PIL import Image, ImageDraw, ImageOps

from config.local.photos import as_jpeg

BORDER = 0.08  # of the shorter side
SCREEN = (360, 740)
SURFACE, BUBBLE, INK = "#ffffff", "#e9e9eb", "#1c1c1e"


def copies(original: Image.Image) -> dict[str, bytes]:
    """Those that keep the frame, its middle or its turn: what hashes find."""
    width, height = original.size
    crop = (width // 10, height // 10, width - width // 10, height - height // 10)
    border = max(1, round(min(width, height) * BORDER))
    return {
        "recompressed (JPEG 40)": as_jpeg(original, 40),
        "resized to 60 %": as_jpeg(original.resize((max(1, width * 6 // 10), max(1, height * 6 // 10)))),
        "centre-cropped to 80 %": as_jpeg(original.crop(crop)),
        "mirrored": as_jpeg(ImageOps.mirror(original)),
        "turned by 90°": as_jpeg(original.transpose(Image.Transpose.ROTATE_90)),
        "framed by a border": as_jpeg(ImageOps.expand(original, border, fill="white")),
    }


def remains(original: Image.Image) -> dict[str, bytes]:
    """Those of which only a part is left: what details find."""
    width, height = original.size
    corner = (0, height - max(1, height * 7 // 10), max(1, width * 7 // 10), height)
    return {
        "cropped to a corner, 70 %": as_jpeg(original.crop(corner)),
        "in a screenshot of a chat": as_jpeg(in_chat(original)),
        "half of it painted over": as_jpeg(half_painted(original)),
    }


def in_chat(photo: Image.Image) -> Image.Image:
    """A phone's screen: a bar, a message, the photo in two thirds of the width, more messages."""
    screen = Image.new("RGB", SCREEN, SURFACE)
    draw = ImageDraw.Draw(screen)
    draw.text((16, 10), "9:41", fill=INK)
    draw.line((0, 64, SCREEN[0], 64), fill=BUBBLE, width=2)
    small = photo.convert("RGB")
    small.thumbnail((SCREEN[0] * 2 // 3, SCREEN[1] // 2))
    screen.paste(small, (16, 130))
    after = 130 + small.height + 20
    for top, words in ((80, "Is this you?"), (after, "Where did you get this"), (after + 56, "From the class chat")):
        draw.rounded_rectangle((16, top, 216, top + 40), 16, fill=BUBBLE)
        draw.text((30, top + 14), words, fill=INK)
    return screen


def half_painted(photo: Image.Image) -> Image.Image:
    """The lower half under one colour."""
    painted = photo.convert("RGB")
    ImageDraw.Draw(painted).rectangle((0, photo.height // 2, photo.width, photo.height), fill="#7a4f8a")
    return painted

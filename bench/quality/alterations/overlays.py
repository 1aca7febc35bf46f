"""What is laid over a photo: text, logos, stickers."""

import math

from PIL import Image, ImageDraw

from bench.quality.alterations.kinds import Change, Random, font, sentence


def impact(image: Image.Image, random: Random) -> Image.Image:
    """Outlined capitals across the top and the bottom of the photo."""
    image = image.copy()
    draw = ImageDraw.Draw(image)
    size = image.width * 0.085
    for y in (size * 0.8, image.height - size * 0.9):
        words = sentence(random, 3).upper()
        draw.text(
            (image.width / 2, y), words, "white", font(size), anchor="mm", stroke_width=round(size / 12) + 1,
            stroke_fill="black",
        )  # fmt: skip
    return image


def watermark(image: Image.Image, random: Random) -> Image.Image:
    """Half-transparent words all over, aslant."""
    side = round(math.hypot(*image.size))
    layer = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(layer)
    size = image.width * 0.06
    words = sentence(random, 2)
    for row in range(0, side, round(size * 3)):
        draw.text((0, row), f"{words}   " * 12, 110, font(size))
    layer = layer.rotate(25)
    left, top = (side - image.width) // 2, (side - image.height) // 2
    mask = layer.crop((left, top, left + image.width, top + image.height))
    return Image.composite(Image.new("RGB", image.size, "white"), image, mask)


def logo(image: Image.Image, random: Random) -> Image.Image:
    """A badge in a corner, about 4 % of the area."""
    image = image.copy()
    size = round(math.sqrt(image.width * image.height * 0.04))
    edge = size // 5
    left = edge if random.random() < 0.5 else image.width - size - edge
    top = edge if random.random() < 0.5 else image.height - size - edge
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((left, top, left + size, top + size), size // 5, fill="#d62976")
    draw.text((left + size / 2, top + size / 2), "V", "white", font(size * 0.7), anchor="mm")
    return image


def banner(per_cent: float) -> Change:
    """An opaque bar with words, so many per cent of the height, at the top or at the bottom."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        image = image.copy()
        height = round(image.height * per_cent / 100)
        top = 0 if random.random() < 0.5 else image.height - height
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, top, image.width, top + height), fill="#101820" if random.random() < 0.5 else "#fee715")
        size = min(height * 0.4, image.width * 0.07)
        draw.text((image.width / 2, top + height / 2), sentence(random, 4), "#888888", font(size), anchor="mm")
        return image

    return change


def sticker(per_cent: float) -> Change:
    """A face of one colour over so many per cent of the area, anywhere that it fits."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        image = image.copy()
        area = image.width * image.height * per_cent / 100
        width = min(2 * math.sqrt(area / math.pi), image.width * 0.98)
        height = min(4 * area / math.pi / width, image.height * 0.98)
        left, top = random.random() * (image.width - width), random.random() * (image.height - height)
        draw = ImageDraw.Draw(image)
        draw.ellipse((left, top, left + width, top + height), fill="#ffcc33", outline="#cc8800", width=3)
        for x in (0.33, 0.67):
            eye = (left + width * (x - 0.05), top + height * 0.28, left + width * (x + 0.05), top + height * 0.45)
            draw.ellipse(eye, fill="#402000")
        mouth = (left + width * 0.25, top + height * 0.3, left + width * 0.75, top + height * 0.8)
        draw.arc(mouth, 20, 160, fill="#402000", width=max(2, round(width / 25)))
        return image

    return change

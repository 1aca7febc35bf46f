"""Screenshots of a phone (status bar, buttons, words, other posts), and photographs of a screen.

Drawn from scratch, after no particular app: every measure is drawn by lot within what apps do.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from bench.quality.alterations.geometry import perspective
from bench.quality.alterations.kinds import Change, Random, font, picture, pixels, sentence

_WIDTH: Final = 720  # pixels; phones have 720 to 1440 across, and messengers shrink to about this
_RATIOS: Final = (16 / 9, 18 / 9, 19.5 / 9, 20 / 9)


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of an app."""

    ground: str
    card: str
    ink: str
    faint: str
    accent: str
    mine: str


LIGHT: Final = Theme("#ffffff", "#f2f2f4", "#111111", "#8a8a8f", "#0a7cff", "#d9fdd3")
DARK: Final = Theme("#0b0b0d", "#1c1c1e", "#f5f5f5", "#8e8e93", "#3797f0", "#144d37")


class Screen:
    """A canvas and where the next thing is drawn."""

    def __init__(self, theme: Theme, random: Random) -> None:
        self.theme = theme
        self.random = random
        self.height = round(_WIDTH * _RATIOS[int(random.integers(len(_RATIOS)))])
        self.image = Image.new("RGB", (_WIDTH, self.height), theme.ground)
        self.draw = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, words: str, size: float, colour: str | None = None) -> None:
        self.draw.text((x, y), words, colour or self.theme.ink, font(size))

    def disc(self, x: float, y: float, radius: float, colour: str) -> None:
        self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def status_bar(self) -> int:
        self.text(40, 14, f"{self.random.integers(0, 24)}:{self.random.integers(10, 60)}", 24)
        for number in range(4):
            self.draw.rectangle((560 + number * 9, 36 - number * 5, 566 + number * 9, 40), fill=self.theme.ink)
        self.draw.rounded_rectangle((640, 18, 684, 40), 5, outline=self.theme.ink, width=2)
        self.draw.rectangle((644, 22, 644 + int(self.random.integers(5, 36)), 36), fill=self.theme.ink)
        return 56

    def avatar(self, x: float, y: float, radius: float) -> None:
        """A small round picture of somebody: grain in two colours."""
        size = round(2 * radius)
        first, second = self.random.integers(30, 220, (2, 3))
        share = self.random.random((size // 6 + 1, size // 6 + 1, 1))
        face = picture(share * first + (1 - share) * second).resize((size, size), Image.Resampling.BICUBIC)
        mask = Image.new("L", (size, size), 0)
        ImageDraw.Draw(mask).ellipse((0, 0, size - 1, size - 1), fill=255)
        self.image.paste(face, (round(x - radius), round(y - radius)), mask)

    def tabs(self) -> int:
        """The row of symbols at the bottom; returns where it begins."""
        top = self.height - 92
        self.draw.rectangle((0, top, _WIDTH, self.height), fill=self.theme.ground)
        self.draw.line((0, top, _WIDTH, top), fill=self.theme.card, width=2)
        for number in range(5):
            x = 72 + 144 * number
            self.draw.rounded_rectangle((x - 18, top + 22, x + 18, top + 56), 8, outline=self.theme.ink, width=3)
        self.draw.rounded_rectangle((250, self.height - 14, 470, self.height - 8), 3, fill=self.theme.ink)
        return top

    def icons(self, y: float, count: int = 3) -> None:
        for number in range(count):
            self.draw.ellipse((28 + 62 * number, y, 62 + 62 * number, y + 34), outline=self.theme.ink, width=3)
        self.draw.polygon(
            [(660, y), (690, y), (690, y + 36), (675, y + 24), (660, y + 36)], outline=self.theme.ink, width=3
        )


def feed(theme: Theme, *, cut_off: bool = False) -> Change:
    """A post in a feed: name above, the photo across the screen, buttons and words below, the next post begins.

    Taller photos than 4:5 are shown from their middle, as feeds do. `cut_off`: scrolled, so that the screen's end
    hides the lower 15 to 40 % of the photo.
    """

    def change(image: Image.Image, random: Random) -> Image.Image:
        screen = Screen(theme, random)
        photo = _at_most_as_tall(image, 1.25)
        inset = int(random.choice([0, 0, 0, 24]))
        width = _WIDTH - 2 * inset
        photo = photo.resize((width, round(photo.height * width / photo.width)))
        bottom = screen.height - 92
        y = screen.status_bar()
        if cut_off:
            y = max(y, bottom - round(photo.height * random.uniform(0.6, 0.85)) - 144)
            _end_of_the_post_before(screen, y)
        elif random.random() < 0.7:
            screen.text(28, y + 16, sentence(random, 1), 40)
            y += 84
        screen.avatar(60, y + 44, 30)
        screen.text(106, y + 16, sentence(random, 1).lower(), 26)
        screen.text(106, y + 48, sentence(random, 2), 22, theme.faint)
        y += 92
        if random.random() < 0.4:
            screen.text(28, y, sentence(random, 5), 28)
            y += 52
        if not cut_off and y + photo.height > bottom - 20:  # scrolled until the photo can be seen whole
            y = max(screen.status_bar(), bottom - 20 - photo.height)
            screen.draw.rectangle((0, y - 8, _WIDTH, y), fill=theme.ground)
        screen.image.paste(_rounded(photo, 24 if inset else 0, theme.ground), (inset, y))
        y += photo.height + 20
        if not cut_off:
            _below(screen, y, bottom)
        screen.tabs()
        return screen.image

    return change


def _end_of_the_post_before(screen: Screen, y: int) -> None:
    photo_end = y - int(screen.random.integers(90, 200))
    if photo_end > screen.status_bar() + 40:
        screen.image.paste(_somebodys(screen.random, photo_end - 56), (0, 56))
        screen.icons(photo_end + 20)


def _somebodys(random: Random, height: int) -> Image.Image:
    """Something colourful across the screen."""
    grain = random.integers(20, 235, (height // 80 + 2, 9, 3)).astype(np.uint8)
    return Image.fromarray(grain).resize((_WIDTH, height), Image.Resampling.BICUBIC)


def _below(screen: Screen, y: int, bottom: int) -> None:
    screen.icons(y)
    screen.text(28, y + 54, f"{screen.random.integers(12, 999)} likes", 26)
    for line in range(int(screen.random.integers(1, 4))):
        screen.text(28, y + 92 + 36 * line, sentence(screen.random, 6), 26)
    y += 250
    if y < bottom:
        screen.draw.rectangle((0, y, _WIDTH, y + 10), fill=screen.theme.card)
        screen.avatar(60, y + 64, 30)
        screen.text(106, y + 36, sentence(screen.random, 1).lower(), 26)
        if y + 120 < bottom:
            screen.image.paste(_somebodys(screen.random, _WIDTH), (0, y + 116))


def _at_most_as_tall(image: Image.Image, ratio: float) -> Image.Image:
    if image.height <= image.width * ratio:
        return image
    return ImageOps.fit(image, (image.width, round(image.width * ratio)))


def _rounded(photo: Image.Image, radius: int, ground: str) -> Image.Image:
    if not radius:
        return photo
    mask = Image.new("L", photo.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, photo.width - 1, photo.height - 1), radius, fill=255)
    return Image.composite(photo, Image.new("RGB", photo.size, ground), mask)


def chat(theme: Theme) -> Change:
    """A photo in a bubble, two thirds of the screen wide, between messages."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        screen = Screen(theme, random)
        y = screen.status_bar()
        screen.avatar(90, y + 40, 30)
        screen.text(136, y + 22, sentence(random, 1), 30)
        y += 96
        screen.draw.line((0, y, _WIDTH, y), fill=theme.card, width=2)
        end = screen.height - 110
        y += 20
        y = _message(screen, y)
        width = round(_WIDTH * random.uniform(0.6, 0.78))
        photo = _at_most_as_tall(image, 1.33)
        photo = photo.resize((width, round(photo.height * width / photo.width)))
        mine = random.random() < 0.5
        left = _WIDTH - 24 - width if mine else 24
        bubble = theme.mine if mine else theme.card
        if random.random() < 0.5:
            screen.draw.rounded_rectangle((left - 6, y - 6, left + width + 6, y + photo.height + 6), 26, fill=bubble)
        else:
            bubble = theme.ground
        screen.image.paste(_rounded(photo, 22, bubble), (left, y))
        screen.text(left + width - 90, y + photo.height - 36, f"{random.integers(1, 24)}:{random.integers(10, 60)}", 20)
        y += photo.height + 24
        while y < end - 90:
            y = _message(screen, y)
        screen.draw.rectangle((0, end, _WIDTH, screen.height), fill=theme.ground)
        screen.draw.rounded_rectangle((80, end + 20, 620, end + 84), 32, outline=theme.faint, width=2)
        screen.disc(668, end + 52, 30, theme.accent)
        return screen.image

    return change


def small(per_cent: float) -> Change:
    """A photo so many per cent of the screen's width, between messages."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        screen = Screen(LIGHT, random)
        width = round(_WIDTH * per_cent / 100)
        photo = image.resize((width, round(image.height * width / image.width)))
        y = _message(screen, screen.status_bar() + 40)
        screen.image.paste(photo, (24, y))
        y += photo.height + 24
        while y < screen.height - 200:
            y = _message(screen, y)
        return screen.image

    return change


def _message(screen: Screen, y: int) -> int:
    mine = screen.random.random() < 0.5
    words = int(screen.random.integers(1, 6))
    width = 60 + words * 78
    left = _WIDTH - 24 - width if mine else 24
    screen.draw.rounded_rectangle(
        (left, y, left + width, y + 64), 28, fill=screen.theme.mine if mine else screen.theme.card
    )
    screen.text(left + 24, y + 16, sentence(screen.random, words), 26)
    return y + 64 + int(screen.random.integers(12, 32))


def photographed(image: Image.Image, random: Random) -> Image.Image:
    """The photo full on a screen, photographed by hand: perspective, moiré, glare, grain; a dark edge round it."""
    edge = round(max(image.size) * random.uniform(0.01, 0.04))
    shown = ImageOps.expand(image, edge, "#0a0a0a")
    shown = perspective(3)(shown, random)
    values = pixels(shown).astype(np.float32)
    height, width = values.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle, period = random.uniform(0, math.pi), random.uniform(3, 14)
    bent = 1 + 0.15 * np.sin(x / width * 5 + random.uniform(0, 6))
    moire = np.sin((x * math.cos(angle) + y * math.sin(angle)) * 2 * math.pi / period * bent)
    values *= 1 + 0.08 * moire[..., None]
    spot = np.hypot(x / width - random.random(), (y / height - random.random()) * height / width)
    values += (90 * np.exp(-((spot / random.uniform(0.12, 0.3)) ** 2)))[..., None]
    values = values * random.uniform(0.8, 1.1) * random.uniform(0.93, 1.07, 3) + random.normal(0, 5, values.shape)
    return picture(np.asarray(cv2.GaussianBlur(values, (0, 0), 0.8))).filter(ImageFilter.GaussianBlur(0.4))

"""Borders, letterboxes, captions above and below."""

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from bench.quality.alterations.kinds import Change, Random, font, sentence


def border(per_cent: float, colour: str) -> Change:
    return lambda image, _: ImageOps.expand(image, round(max(image.size) * per_cent / 100), fill=colour)


def polaroid(image: Image.Image, _: Random) -> Image.Image:
    edge = round(max(image.size) * 0.06)
    framed = Image.new("RGB", (image.width + 2 * edge, image.height + 5 * edge), "#f7f5f0")
    framed.paste(image, (edge, edge))
    return framed


def letterbox(across: int, down: int, colour: str) -> Change:
    """The whole photo on a canvas of these proportions."""

    def change(image: Image.Image, _: Random) -> Image.Image:
        width = max(image.width, round(image.height * across / down))
        height = max(image.height, round(image.width * down / across))
        canvas = Image.new("RGB", (width, height), colour)
        canvas.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
        return canvas

    return change


def story(image: Image.Image, _: Random) -> Image.Image:
    """On a canvas of 9:16, over a blurred enlargement of itself."""
    width, height = max(image.width, image.height * 9 // 16), max(image.height, image.width * 16 // 9)
    behind = ImageOps.fit(image, (width, height)).filter(ImageFilter.GaussianBlur(width / 18))
    behind.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return behind


def caption(place: str, colour: str = "white") -> Change:
    """A meme: one or two lines on a bar above or below the photo, or both."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        ink = "black" if colour == "white" else "white"
        size = image.width * random.uniform(0.05, 0.075)
        bars = []
        for _ in range(2 if place == "both" else 1):
            lines = int(random.integers(1, 3))
            bar = Image.new("RGB", (image.width, round(size * (lines * 1.25 + 1))), colour)
            draw = ImageDraw.Draw(bar)
            for line in range(lines):
                where = (size * 0.5, size * (0.4 + line * 1.25))
                draw.text(where, sentence(random, int(random.integers(4, 6))), ink, font(size))
            bars.append(bar)
        above = bars[0].height if place != "below" else 0
        canvas = Image.new("RGB", (image.width, image.height + sum(bar.height for bar in bars)))
        canvas.paste(image, (0, above))
        if place != "below":
            canvas.paste(bars[0], (0, 0))
        if place != "above":
            canvas.paste(bars[-1], (0, above + image.height))
        return canvas

    return change


def poster(image: Image.Image, random: Random) -> Image.Image:
    """A black frame with a title and a line below it."""
    edge = round(image.width * 0.09)
    canvas = Image.new("RGB", (image.width + 2 * edge, image.height + 3 * edge), "black")
    canvas.paste(image, (edge, edge))
    draw = ImageDraw.Draw(canvas)
    line = max(1, edge // 30)
    draw.rectangle(
        (edge - 3 * line, edge - 3 * line, edge + image.width + 3 * line, edge + image.height + 3 * line),
        outline="white",
        width=line,
    )
    middle = canvas.width / 2
    draw.text((middle, image.height + 1.7 * edge), sentence(random, 2).upper(), "white", font(edge * 0.7), anchor="mm")
    draw.text((middle, image.height + 2.4 * edge), sentence(random, 6), "white", font(edge * 0.3), anchor="mm")
    return canvas

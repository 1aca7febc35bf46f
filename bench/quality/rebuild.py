"""`python -m bench.quality.rebuild OUT_DIR [SUBJECTS [KNOWN]]`: pictures from what is stored of a photo, and how like.

SUBJECTS and KNOWN are folders of photos (commas between): those that are rebuilt, and those whose patches are known.
Default: both from the photographs that PyWavelets carries and, where it is installed, scikit-image; a subject's own
patches are never known. Writes `details-rebuilt.png` and prints a table; docs/adr/0013-details.md says what it tells.
"""

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pywt.data
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from bench.quality import inverse
from bench.quality.inverse import Image, Patches
from bench.quality.sets import photos
from matching.hashing.area import SummedArea
from matching.hashing.details import Details, Part
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.fingerprint import Fingerprint
from matching.hashing.hashes import fingerprint_of
from matching.hashing.keypoints import stored_details
from matching.hashing.pictures import pictures

SUBJECTS: Final = ("aero", "chelsea.png", "coffee.png", "motorcycle_left.png")
# No person's. Of the two motorcycles one is enough.
PACKAGED: Final = (
    *("aero", "ascent"),  # PyWavelets
    *("brick.png", "cell.png", "chelsea.png", "clock_motion.png", "coffee.png", "coins.png", "grass.png", "gravel.png"),
    *(
        "hubble_deep_field.jpg",
        "ihc.png",
        "moon.png",
        "motorcycle_left.png",
        "page.png",
        "retina.jpg",
        "rocket.jpg",
    ),  # scikit-image
)
KNOWN_KEYPOINTS: Final = 600  # of each known photo
AVERAGED: Final = 20  # of the nearest patches
MARGIN: Final = 4
LABEL: Final = 250  # pixels
LEVELS: Final = 0xF8  # of grey, so that the sheet stays small


@dataclass(frozen=True)
class Subject:
    """A photo, and what is stored of it: `details` by K, with exact places."""

    name: str
    luma: Image
    fingerprint: Fingerprint
    details: dict[int, Part]


def main(out: Path, subjects: str = "", known: str = "") -> None:
    given = dict(_files(subjects)) if subjects else _packaged(SUBJECTS)
    sources = dict(_files(known)) if known else _packaged(PACKAGED)
    patches = {name: Patches.of(*pair) for name, data in sources.items() if (pair := _known(pictures(data)[0]))}
    sheet: list[list[tuple[str, Image]]] = []
    scores: dict[str, list[tuple[float, ...]]] = {}
    rng = np.random.default_rng(1)
    for name, data in given.items():
        subject = _subject(name, pictures(data)[0])
        if subject is None:
            print(f"{name}: not one whole picture of enough keypoints", file=sys.stderr)
            continue
        others = Patches.joined([of_photo for other, of_photo in patches.items() if other != name])
        column = list(_rebuilt(subject, others, rng))
        sheet.append(column)
        for label, image in column[1:]:
            scores.setdefault(label, []).append(_likeness(image, column[0][1]))
    print(f"{'mean of ' + str(len(sheet)):40}  correlation at 64, 128 px   SSIM at 64, 128 px")
    for label, values in scores.items():
        print(f"{label:40}  {'  '.join(f'{value:10.3f}' for value in np.mean(values, axis=0))}")
    out.mkdir(parents=True, exist_ok=True)
    _sheet(sheet).save(out / "details-rebuilt.png", optimize=True)


def _rebuilt(subject: Subject, patches: Patches, rng: np.random.Generator) -> Iterator[tuple[str, Image]]:
    part = subject.details[100]
    yield "the photo, 128 px", _averaged(subject.luma, *inverse.canvas(part.width, part.height))

    def frame(fingerprint: Fingerprint) -> Image:
        return inverse.from_frame(fingerprint, part.width, part.height)

    def patched(placed: Part) -> Image:
        return inverse.from_details(placed, patches.nearest(placed, AVERAGED))

    hashes = subject.fingerprint.hashes
    alone = tuple(item._replace(texture=b"") for item in hashes if item.view == "full" and item.algorithm == "pdq")
    stored = frame(subject.fingerprint)
    yield "frame: one PDQ hash, as peers keep", frame(replace(subject.fingerprint, hashes=alone))
    yield "frame: all that veto-1 keeps", stored
    for count, of_count in subject.details.items():
        yield f"details: K {count}, 16 cells", patched(_coarse(of_count))
    coarse, exact = patched(_coarse(part)), patched(_exact(part))
    yield "details: K 100, 16 cells, one patch", inverse.from_details(_coarse(part), patches.nearest(part))
    yield (
        "details: K 100, 16 cells, regression",
        inverse.from_details(_coarse(part), inverse.by_regression(patches.regression(), part)),
    )
    yield "details: K 100, 64 cells", patched(_coarse(part, cells=64))
    yield "details: K 100, exact places", exact
    yield "details: K 100, no places", patched(_scattered(part, rng))
    yield "both, as stored (K 100, 16 cells)", _mean(stored, coarse)
    yield "both, exact places", _mean(stored, exact)


def _packaged(names: tuple[str, ...]) -> dict[str, bytes]:
    found = {}
    for name in (name for name in names if name in ("aero", "ascent")):
        buffer = io.BytesIO()
        Pillow.fromarray(getattr(pywt.data, name)().astype("uint8")).save(buffer, "PNG")
        found[name] = buffer.getvalue()
    if find_spec("skimage"):
        found |= {name: (files("skimage.data") / name).read_bytes() for name in names if name not in found}
    return found


def _files(folders: str) -> Iterator[tuple[str, bytes]]:
    for photo in photos(folders):
        yield photo.name, photo.read()


def _part(luma: Image, count: int) -> Part | None:
    profile = replace(VETO_DETAILS_1, stored=dict.fromkeys(VETO_DETAILS_1.stored, count))
    details = stored_details([luma], profile)
    return details.parts[0] if details and [part.kind for part in details.parts] == ["whole"] else None


def _subject(name: str, luma: Image) -> Subject | None:
    details = {count: part for count in (50, 100, 200) if (part := _part(luma, count))}
    return Subject(name, luma, fingerprint_of([luma]), details) if len(details) == 3 else None


def _known(luma: Image) -> tuple[Image, Part] | None:
    part = _part(luma, KNOWN_KEYPOINTS)
    return (_averaged(luma, part.height, part.width), part) if part else None


def _averaged(luma: Image, height: int, width: int) -> Image:
    return SummedArea(luma).block((0.0, 0.0, float(luma.shape[1]), float(luma.shape[0])), height, width)


def _exact(part: Part) -> Part:
    return Details.from_bytes(Details((part,)).to_bytes(coarse=False), coarse=False).parts[0]


def _coarse(part: Part, cells: int = 16) -> Part:
    """As stored; with other `cells` than are, the places in the middle of such."""
    stored = Details.from_bytes(Details((part,)).to_bytes(coarse=True), coarse=True).parts[0]
    if cells != 16:
        side = max(part.width, part.height) / cells
        stored.places[:, :2] = (np.floor(part.places[:, :2] / side) + 0.5) * side
    return stored


def _scattered(part: Part, rng: np.random.Generator) -> Part:
    """The codes alone: places, sizes and directions by chance."""
    places = np.stack(
        [
            rng.uniform(0, part.width, len(part)),
            rng.uniform(0, part.height, len(part)),
            rng.permutation(part.places[:, 2]),
            rng.uniform(0, 360, len(part)),
        ],
        axis=1,
    )
    return replace(part, places=places.astype(np.float32))


def _mean(image: Image, other: Image) -> Image:
    """Of equal contrast: the frame hash knows the shapes, details know which large parts are dark."""
    return _as(image, other) + other


def _as(image: Image, like: Image) -> Image:
    """With the brightness and contrast of another."""
    return (image - image.mean()) / (image.std() + 1e-6) * like.std() + like.mean()


def _likeness(image: Image, true: Image) -> tuple[float, ...]:
    values: list[tuple[float, float]] = []
    for side in (64, 128):
        ratio = side / max(true.shape)
        size = round(true.shape[1] * ratio), round(true.shape[0] * ratio)
        a, b = (cv2.resize(each, size, interpolation=cv2.INTER_AREA).astype(np.float64) for each in (image, true))
        values.append((float(np.corrcoef(a.ravel(), b.ravel())[0, 1]), _ssim(_as(a, b), b)))
    (first, second), (third, fourth) = values
    return first, third, second, fourth


def _ssim(a: Image, b: Image) -> float:
    """Mean structural similarity (Wang, Bovik, Sheikh, Simoncelli, 2004), Gaussian window of 11 pixels."""

    def local(values: Image) -> Image:
        return cv2.GaussianBlur(values, (11, 11), 1.5)

    of_a, of_b = local(a), local(b)
    together = local(a * b) - of_a * of_b
    apart = local(a * a) - of_a**2 + local(b * b) - of_b**2
    steady, lively = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    map_ = (2 * of_a * of_b + steady) * (2 * together + lively) / ((of_a**2 + of_b**2 + steady) * (apart + lively))
    return float(map_.mean())


def _sheet(columns: list[list[tuple[str, Image]]]) -> Pillow.Image:
    """A row for each thing stored, a column for each subject, with the true picture's brightness and contrast."""
    step, wide = [max(column[0][1].shape[axis] for column in columns) + MARGIN for axis in (0, 1)]
    sheet = Pillow.new("L", (LABEL + wide * len(columns), step * len(columns[0])), 255)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for across, column in enumerate(columns):
        true = column[0][1]
        for down, (label, image) in enumerate(column):
            if not across:
                draw.text((0, down * step + 8), label, fill=0, font=font)
            shown = np.clip(_as(image, true), 0, 255).astype(np.uint8) & LEVELS
            sheet.paste(Pillow.fromarray(shown), (LABEL + across * wide, down * step))
    return sheet


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main(Path(sys.argv[1]), *sys.argv[2:])

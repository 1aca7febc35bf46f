"""Images from what is stored of a photo: how much a fingerprint and details give away to simple means.

A frame hash says the signs of sums over the picture: the likeliest natural picture with these signs is sought. A
detail's code says what a patch looked like: it is told from patches of other photos, by the nearest code or by
regression, turned and scaled to the detail's place, and the gradients of all patches are joined into one picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import cv2
import numpy as np
import numpy.typing as npt

from matching.hashing.details import CODE_BYTES, Part
from matching.hashing.fingerprint import Fingerprint
from matching.hashing.profile import ASPECTS, CENTRES, aspect_view, centre_view

Image = npt.NDArray[np.float32]  # (height, width), of any brightness and contrast

SIDE: Final = 128  # pixels of the longer side of what is rebuilt
PATCH: Final = 16  # samples of a patch's side
REACH: Final = 3.5  # sizes of a keypoint from its middle to its patch's edge: SIFT looks at little beyond
RIDGE: Final = 300.0
WAVES: Final = 32  # of a side, of which a picture told by its frame hash is made
_BLOCK: Final = 64
_SOFT: Final = 0.15  # of a sum's usual size, within which its sign may be wrong


def _waves(low: float, high: float, cells: int) -> npt.NDArray[np.float64]:
    """(cells, WAVES): the mean of each cosine wave of a unit side over each of the cells between low and high."""
    edges = np.linspace(low, high, cells + 1)[:, None]
    number = np.arange(1, WAVES)
    means = np.diff(np.sin(np.pi * number * edges), axis=0) / (np.pi * number * (high - low) / cells)
    return np.concatenate([np.ones((cells, 1)), np.sqrt(2) * means], axis=1)


_PDQ: Final = np.cos(np.pi / 2 / _BLOCK * np.arange(1, 17)[:, None] * (2 * np.arange(_BLOCK) + 1)) / np.sqrt(_BLOCK / 2)
_USUAL: Final = 1 / (np.add.outer(np.arange(WAVES) ** 2, np.arange(WAVES) ** 2) + 0.25) ** 0.6  # natural pictures


def _views(width: int, height: int) -> dict[str, tuple[float, float]]:
    """The share of width and height that the stored views in the middle have."""
    shares = {"full": (1.0, 1.0)} | {centre_view(cent): (cent / 100, cent / 100) for cent in CENTRES}
    for across, down in ASPECTS:
        wide, high = min(width, height * across / down), min(height, width * down / across)
        shares[aspect_view(across, down)] = (wide / width, high / height)
    return shares


def from_frame(fingerprint: Fingerprint, width: int, height: int) -> Image:
    """The picture that its PDQ hashes and their textures tell, of deviation 1.

    Views are taken that lie in the middle; where the others lie is not stored. The proportions are, with details.
    """
    rows, signs = [], []
    views = _views(width, height)
    for item in fingerprint.hashes:
        if item.algorithm != "pdq" or item.view not in views:
            continue
        (low_x, high_x), (low_y, high_y) = (((1 - share) / 2, (1 + share) / 2) for share in views[item.view])
        x, y = (_waves(low, high, _BLOCK) for low, high in ((low_x, high_x), (low_y, high_y)))
        rows.append(np.kron(_PDQ @ y, _PDQ @ x))
        signs.append(np.unpackbits(np.frombuffer(item.bits, np.uint8))[::-1])
        if item.texture:
            rows.append(np.kron(_waves(low_y, high_y, 16), np.diff(_waves(low_x, high_x, 17), axis=0)))
            signs.append(np.unpackbits(np.frombuffer(item.texture, np.uint8)))
    # In units of the usual size of each wave, and of each sum.
    sums = np.concatenate(rows) * _USUAL.reshape(-1)
    sums *= (np.concatenate(signs) * 2.0 - 1)[:, None] / np.linalg.norm(sums, axis=1, keepdims=True) / _SOFT
    found = np.zeros(WAVES * WAVES)
    for _ in range(12):  # Newton's method for the most likely waves (logistic regression)
        doubt = 1 / (1 + np.exp(np.clip(sums @ found, -30, 30)))
        slope = found - sums.T @ doubt
        found -= np.linalg.solve(np.eye(len(found)) + (sums.T * (doubt * (1 - doubt))) @ sums, slope)
    amounts = found.reshape(WAVES, WAVES) * _USUAL
    target = canvas(width, height)
    image = (_waves(0, 1, target[0]) @ amounts @ _waves(0, 1, target[1]).T).astype(np.float32)
    return image / image.std()


@dataclass(frozen=True)
class Patches:
    """What patches of known photos look like: `bits` (n, 128) of −1 and 1, `looks` (n, PATCH²) of mean 0."""

    bits: Image
    looks: Image

    @classmethod
    def of(cls, picture: Image, part: Part) -> Self:
        """Around the keypoints of a picture, which has the size of its part, and of its mirror image."""
        turned, other = np.ascontiguousarray(picture[:, ::-1]), part.mirrored()
        bits = np.concatenate([_signs(part), _signs(other)])
        return cls(bits, np.concatenate([_looks(picture, part), _looks(turned, other)]))

    @classmethod
    def joined(cls, several: Sequence[Self]) -> Self:
        return cls(np.concatenate([each.bits for each in several]), np.concatenate([each.looks for each in several]))

    def nearest(self, part: Part, averaged: int = 1) -> Image:
        """(n, PATCH²): for each keypoint the look of the patch with the nearest code, or the mean of so many."""
        alike = _signs(part) @ self.bits.T
        best = np.argpartition(-alike, averaged, axis=1)[:, :averaged]
        looks: Image = self.looks[best].mean(axis=1)
        return looks

    def regression(self) -> Image:
        """(128 + 1, PATCH²): what each bit adds to the look of a patch (ridge regression)."""
        known = np.concatenate([self.bits, np.ones((len(self.bits), 1), np.float32)], axis=1)
        square = known.T @ known + RIDGE * np.eye(known.shape[1], dtype=np.float32)
        weights: Image = np.linalg.solve(square, known.T @ self.looks)
        return weights


def by_regression(weights: Image, part: Part) -> Image:
    """(n, PATCH²): the expected look of each keypoint's patch."""
    looks: Image = _signs(part) @ weights[:-1] + weights[-1]
    return looks


def _signs(part: Part) -> Image:
    return np.unpackbits(part.codes.view(np.uint8).reshape(-1, CODE_BYTES), axis=1).astype(np.float32) * 2 - 1


def _frames(part: Part, scale: float) -> npt.NDArray[np.float64]:
    """(n, 2, 3): from samples of each patch to pixels of the picture reduced by `scale`."""
    x, y = (part.places[:, :2].astype(float).T + 0.25) * scale - 0.5  # OpenCV has the first middle at a quarter
    step = 2.0 ** part.places[:, 2] * (REACH * 2 / PATCH * scale)
    turn = np.radians(part.places[:, 3].astype(float))
    along, across = np.cos(turn) * step, np.sin(turn) * step
    middle = (PATCH - 1) / 2
    rows = [along, -across, x - middle * (along - across)], [across, along, y - middle * (across + along)]
    return np.array(rows).transpose(2, 0, 1)


def _looks(picture: Image, part: Part) -> Image:
    """Patches cut out of a picture, of mean 0 and deviation 1."""
    halves = [picture]
    while min(halves[-1].shape) > 2 * PATCH:
        halves.append(cv2.resize(halves[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    level = np.clip(np.floor(part.places[:, 2] + np.log2(REACH * 2 / PATCH) + 0.3), 0, len(halves) - 1).astype(int)
    looks = np.empty((len(part), PATCH, PATCH), np.float32)
    every = np.stack([_frames(part, 0.5**number) for number in range(len(halves))])
    for number, at in enumerate(level):
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(halves[at], every[at, number], (PATCH, PATCH), looks[number], how, cv2.BORDER_REPLICATE)
    flat = looks.reshape(-1, PATCH * PATCH)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= flat.std(axis=1, keepdims=True) + 1e-3
    return flat


def canvas(width: int, height: int) -> tuple[int, int]:
    """(height, width) of what is rebuilt."""
    scale = SIDE / max(width, height)
    return max(1, round(height * scale)), max(1, round(width * scale))


_ROUND: Final = np.exp(-4.0 * np.add.outer(*[np.linspace(-1, 1, PATCH) ** 2] * 2)).astype(np.float32)


def from_details(part: Part, looks: Image) -> Image:
    """One picture of all patches. Their gradients count by nearness to the patch's middle, and more the finer it is."""
    height, width = canvas(part.width, part.height)
    across = np.zeros((2, height, width - 1), np.float32)  # the gradients wanted, and how much
    down = np.zeros((2, height - 1, width), np.float32)
    frames = _frames(part, SIDE / max(part.width, part.height))
    for frame, size, look in zip(frames, part.places[:, 2], looks, strict=True):
        patch = cv2.warpAffine(look.reshape(PATCH, PATCH), frame, (width, height))
        shade = cv2.warpAffine(_ROUND, frame, (width, height)) * 2.0 ** (-size / 2)
        for axis, total in ((1, across), (0, down)):
            both = np.minimum(np.delete(shade, 0, axis), np.delete(shade, -1, axis))
            np.add(total, (both * np.diff(patch, axis=axis), both), out=total)
    return _joined(across, down)


def _joined(across: Image, down: Image) -> Image:
    """The picture whose gradients are nearest to those wanted (Poisson's equation, by conjugate gradients)."""
    flat, dark = np.float32(0.01), np.float32(1e-4)  # how much rather 0 where nothing is known

    def towards(x: Image, y: Image) -> Image:
        total = np.zeros((x.shape[0], y.shape[1]), np.float32)
        total[:, :-1] -= x
        total[:, 1:] += x
        total[:-1] -= y
        total[1:] += y
        return total

    def system(image: Image) -> Image:
        x, y = np.diff(image, axis=1), np.diff(image, axis=0)
        return towards((across[1] + flat) * x, (down[1] + flat) * y) + dark * image

    rest = towards(across[0], down[0])
    image, way, size = np.zeros_like(rest), rest.copy(), float((rest * rest).sum())
    for _ in range(300):
        if size < 1e-8:
            break
        pushed = system(way)
        step = size / float((way * pushed).sum())
        image += step * way
        rest -= step * pushed
        size, before = float((rest * rest).sum()), size
        way = rest + (size / before) * way
    return image

"""PDQ, Meta's perceptual hash of 256 bits, in numpy.

Method: "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm" (Facebook, 2019) and the published
reference implementation, whose results the test vectors hold. Every sum here runs in the reference's order and in
float32, so that coefficients that lie next to the median fall on the same side of it.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

BLOCK_SIDE: Final = 64
DCT_SIDE: Final = 16
SMALLEST_SIDE: Final = 5  # the reference gives smaller images the zero hash and quality 0
JAROSZ_PASSES: Final = 2  # two box filters in a row make a tent filter
QUALITY_DIVISOR: Final = 90  # the reference's scale of the gradient sum to 0..100

LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def _dct_matrix() -> Floats:
    # Frequencies 1..16: the constant term is left out, so brightness plays no part.
    frequency = np.arange(1, DCT_SIDE + 1, dtype=np.float64)[:, None]
    sample = np.arange(BLOCK_SIDE, dtype=np.float64)[None, :]
    scale = np.float64(np.float32(np.sqrt(2.0 / BLOCK_SIDE)))
    return (scale * np.cos((np.pi / 2.0 / BLOCK_SIDE) * frequency * (2.0 * sample + 1.0))).astype(np.float32)


_DCT: Final = _dct_matrix()
_ALTERNATING: Final = np.where(np.arange(DCT_SIDE) % 2 == 0, np.float32(-1.0), np.float32(1.0))


def pdq(pixels: Bytes | Floats) -> tuple[Bytes, int]:
    """Reference PDQ of an image at its own size, in all eight orientations.

    `pixels` is (height, width, 3) uint8 RGB, or (height, width) luma 0..255 of any real type. Returns the codes,
    (8, 32) uint8 in the order of `profile.ORIENTATIONS` with the most significant bit first, and the quality 0..100.
    An image with a side below 5 pixels has zero codes and quality 0, as in the reference. Raises ValueError for any
    other shape.
    """
    luma = _luma(pixels)
    if min(luma.shape) < SMALLEST_SIDE:
        return np.zeros((8, 32), dtype=np.uint8), 0
    block = _decimate(_jarosz(luma))[None]
    return dihedral(dct(block))[0], int(quality(block)[0])


def quality(blocks: Floats) -> Integers:
    """PDQ's measure of detail: (n, 64, 64) float32 luma to (n,) integers 0..100.

    Counts whole hundredths of the grey range between neighbours, so that only significant steps weigh.
    """
    blocks = np.asarray(blocks, dtype=np.float32)
    down = _hundredths(blocks[:, :-1, :] - blocks[:, 1:, :])
    across = _hundredths(blocks[:, :, :-1] - blocks[:, :, 1:])
    total = down.sum(axis=(1, 2), dtype=np.int64) + across.sum(axis=(1, 2), dtype=np.int64)
    scaled: Integers = np.minimum(total // QUALITY_DIVISOR, 100)
    return scaled


def dct(blocks: Floats) -> Floats:
    """The 16 × 16 lowest frequencies but the constant ones: (n, 64, 64) float32 to (n, 16, 16) float32."""
    columns = np.ascontiguousarray(blocks, dtype=np.float32).transpose(1, 0, 2)
    return _ordered_product(np.ascontiguousarray(_ordered_product(columns).transpose(2, 0, 1))).transpose(0, 2, 1)


def _ordered_product(samples: Floats) -> Floats:
    """DCT along the first axis: (64, n, m) to (n, 16, m), summed sample by sample as the reference does."""
    _, count, width = samples.shape
    total = np.zeros((count, DCT_SIDE, width), dtype=np.float32)
    product = np.empty_like(total)
    for sample in range(BLOCK_SIDE):
        np.multiply(_DCT[:, sample, None], samples[sample][:, None, :], out=product)
        total += product
    return total


def dihedral(coefficients: Floats) -> Bytes:
    """Codes of all eight orientations from one DCT: (n, 16, 16) float32 to (n, 8, 32) uint8.

    Mirroring a block changes the sign of its odd frequencies, a quarter turn also transposes: nothing is hashed twice.
    The order is that of `profile.ORIENTATIONS`; the most significant bit comes first.
    """
    rows, columns = _ALTERNATING[:, None], _ALTERNATING[None, :]
    turned = coefficients.transpose(0, 2, 1)
    oriented = np.stack(
        [
            coefficients,
            turned * rows,
            coefficients * rows * columns,
            turned * columns,
            coefficients * rows,
            coefficients * columns,
            turned,
            turned * rows * columns,
        ],
        axis=1,
    ).reshape(len(coefficients), 8, DCT_SIDE * DCT_SIDE)
    half = oriented.shape[-1] // 2
    median = np.partition(oriented, half - 1, axis=-1)[..., half - 1, None]  # the lower of the two middle values
    # The reference numbers bits from the lowest frequency and prints the highest number first.
    codes: Bytes = np.packbits((oriented > median)[..., ::-1], axis=-1)
    return codes


def _luma(pixels: Bytes | Floats) -> Floats:
    if pixels.ndim == 2:
        return pixels.astype(np.float32)
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        red, green, blue = (pixels[..., channel].astype(np.float32) for channel in range(3))
        luma: Floats = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
        return luma
    raise ValueError(f"pixels of shape {pixels.shape}: (height, width) or (height, width, 3) is wanted")


def _hundredths(difference: Floats) -> Floats:
    steps: Floats = np.abs(np.trunc(difference * np.float32(100) / np.float32(255)))
    return steps


def _jarosz(luma: Floats) -> Floats:
    height, width = luma.shape
    if (height, width) == (BLOCK_SIDE, BLOCK_SIDE):
        return luma  # the reference takes such a block as it is
    for _ in range(JAROSZ_PASSES):
        luma = _box(luma.T, _window(width)).T
        luma = _box(luma, _window(height))
    return luma


def _window(side: int) -> int:
    return -(-side // (2 * BLOCK_SIDE))


def _box(values: Floats, window: int) -> Floats:
    """Running mean over `window` values along the first axis, shorter at both ends.

    The reference keeps one running sum, to which it adds the value that enters before it subtracts the one that
    leaves; so does this, for all columns at once.
    """
    values = np.ascontiguousarray(values)
    length = len(values)
    ahead = (window + 2) // 2 - 1
    means = np.empty_like(values)
    total = np.zeros(values.shape[1], dtype=np.float32)
    held = 0
    for step in range(length + ahead):
        if step < length:
            total += values[step]
            held += 1
        if step >= window:
            total -= values[step - window]
            held -= 1
        if step >= ahead:
            np.divide(total, np.float32(held), out=means[step - ahead])
    return means


def _decimate(luma: Floats) -> Floats:
    height, width = luma.shape
    centres = np.arange(BLOCK_SIDE) + 0.5
    rows = (centres * height / BLOCK_SIDE).astype(np.intp)
    columns = (centres * width / BLOCK_SIDE).astype(np.intp)
    return luma[np.ix_(rows, columns)]

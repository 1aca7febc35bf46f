"""Images as the arrays and tensors in which image models hand them around."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

CHANNELS: Final = (1, 3)


def to_pillow(given: Any) -> list[Image.Image]:
    """The images in what a pipeline takes: Pillow images, arrays, tensors of PyTorch, or lists of those.

    Arrays are (height, width), (height, width, channels) or several of the latter; tensors may have their channels
    first. Floats are 0..1, or -1..1 where one is below 0. Raises TypeError for all else: latents are no image, and of
    them nothing can be known.
    """
    if isinstance(given, Image.Image):
        return [given]
    if isinstance(given, (list, tuple)):
        return [image for each in given for image in to_pillow(each)]
    if hasattr(given, "detach"):
        given = given.detach().cpu().float().numpy()
        if given.ndim > 2 and given.shape[-1] not in CHANNELS:
            given = np.moveaxis(given, -3, -1)
    if not isinstance(given, np.ndarray) or given.ndim < 2 or (given.ndim > 2 and given.shape[-1] not in CHANNELS):
        what = (
            f"{type(given).__name__} of shape {given.shape}" if isinstance(given, np.ndarray) else type(given).__name__
        )
        raise TypeError(f"cannot check a {what}: give Pillow images, or arrays with 1 or 3 channels")
    pixels = _eight_bits(given)
    if pixels.ndim == 2:
        return [Image.fromarray(pixels)]
    pixels = pixels.reshape(-1, *pixels.shape[-3:])
    return [Image.fromarray(each[..., 0] if each.shape[-1] == 1 else each) for each in pixels]


def _eight_bits(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    scaled = (array + 1) / 2 if array.min() < 0 else array
    eight: npt.NDArray[np.uint8] = np.clip(scaled * 255 + 0.5, 0, 255).astype(np.uint8)
    return eight

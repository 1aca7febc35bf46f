"""A guard around pipelines of `diffusers` that start from an image: image to image, in-painting, image to video.

pipeline = GuardedPipeline(StableDiffusionImg2ImgPipeline.from_pretrained(…), Veto())
"""

import inspect
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Final

from veto_client.arrays import to_pillow
from veto_client.client import Veto
from veto_client.guards import refuse_protected

# The parameters that take somebody's photo, and the uses that are made of it.
IMAGES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({"image": ("edit",), "ip_adapter_image": ("likeness",)})


class GuardedPipeline:
    """Raises ProtectedError instead of starting from a protected photo; in all else it is the pipeline."""

    def __init__(
        self, pipeline: Any, veto: Veto, *, images: Mapping[str, Collection[str]] = IMAGES, ask: bool = True
    ) -> None:
        """`images` names the pipeline's parameters that take a photo, with the uses that are made of it."""
        self._pipeline = pipeline
        self._veto = veto
        self._images = images
        self._ask = ask
        self._signature = inspect.signature(pipeline.__call__)
        if not images.keys() & self._signature.parameters.keys():
            raise TypeError(f"{type(pipeline).__name__} starts from none of {', '.join(images)}: name its parameters")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = self._signature.bind(*args, **kwargs).arguments
        for name, uses in self._images.items():
            if given.get(name) is not None:
                refuse_protected(self._veto, to_pillow(given[name]), uses, ask=self._ask)
        return self._pipeline(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)

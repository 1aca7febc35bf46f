"""A node for ComfyUI: put it between what loads an image and what edits it. A protected image stops the workflow.

Copy this folder into ComfyUI's `custom_nodes`, install `veto-client` beside it, and set VETO_URL and VETO_KEY. Written
to the interface that ComfyUI publishes for custom nodes; so far tried with a stand-in, not within ComfyUI itself.
"""

from typing import Any

from veto_client import Veto, refuse_protected
from veto_client.arrays import to_pillow


class VetoGuard:
    """Gives the images through as they came, or raises ProtectedError."""

    CATEGORY = "image"
    FUNCTION = "guard"
    RETURN_TYPES = ("IMAGE",)
    DESCRIPTION = "Stops where the person who registered the photo refuses this use of it."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 (ComfyUI's name)
        uses = {
            "default": "edit",
            "tooltip": "sexualise, likeness, animate, edit, train, identify: with commas between",
        }
        return {"required": {"image": ("IMAGE",), "uses": ("STRING", uses)}}

    @classmethod
    def IS_CHANGED(cls, **_: Any) -> float:  # noqa: N802 (ComfyUI's name)
        return float("nan")  # ask each time: people change their minds

    def guard(self, image: Any, uses: str) -> tuple[Any]:
        """`image` is (images, height, width, channels), floats 0..1."""
        with Veto() as veto:
            refuse_protected(veto, to_pillow(image), [use.strip() for use in uses.split(",")])
        return (image,)


NODE_CLASS_MAPPINGS = {"VetoGuard": VetoGuard}
NODE_DISPLAY_NAME_MAPPINGS = {"VetoGuard": "Veto: stop for protected photos"}

"""Why an image has no fingerprint. The texts go to the person who sent it and never hold pixels or hashes."""

from typing import Final

ACCEPTED: Final = "JPEG, PNG, WebP, GIF and AVIF"


class ImageError(Exception):
    """The image is at fault. `code` and `status` are those of the API's problem documents."""

    code: str = "image-undecodable"
    status: int = 422

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class UnsupportedImage(ImageError):  # noqa: N818 (named for what the caller reads)
    """Not one of the accepted formats."""

    code = "unsupported-image"
    status = 415


class UndecodableImage(ImageError):  # noqa: N818 (named for what the caller reads)
    """Empty, damaged or incomplete, without pixels, or asks for too much time or memory."""

    code = "image-undecodable"
    status = 422


class TooManyPixels(ImageError):  # noqa: N818 (named for what the caller reads)
    """More pixels than are decoded."""

    code = "image-too-many-pixels"
    status = 422


class ImageTooLarge(ImageError):  # noqa: N818 (named for what the caller reads)
    """More bytes than are read."""

    code = "too-large"
    status = 413


class DecoderUnavailable(Exception):  # noqa: N818 (named for what the caller reads)
    """The decoder is at fault, not the image: it did not start, was killed or had no time. The caller answers 503."""


# What is said of an image whose decoder was ended or died, and how that is counted
TOO_LONG: Final = "The image takes too long to decode."
DAMAGED: Final = "The image is damaged: its decoder failed."
ENDED: Final = {TOO_LONG: "timeout", DAMAGED: "crash"}

IMAGE_ERRORS: Final = {
    error.code: error for error in (UnsupportedImage, UndecodableImage, TooManyPixels, ImageTooLarge)
}

"""Photos by the refs that commands print."""

from uuid import UUID

from consent.models import Photo
from matching.problems import Problem


def photo_of(ref: str) -> Photo:
    """Raises Problem."""
    prefix, _, digits = ref.partition("_")
    try:
        return Photo.objects.get(id=UUID(hex=digits)) if prefix == "pho" else Photo.objects.none().get()
    except (ValueError, Photo.DoesNotExist):
        raise Problem("not-found", "No photo has this ref; one reads pho_ and 32 hexadecimal digits.") from None

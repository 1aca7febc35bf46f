"""Photos and exclusions by the refs that commands print."""

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


def exclusion_of(ref: str) -> UUID:
    """Whether there is one, the action says. Raises Problem."""
    prefix, _, digits = ref.partition("_")
    try:
        return UUID(hex=digits if prefix == "exc" else "")
    except ValueError:
        raise Problem("not-found", "No exclusion has this id; one reads exc_ and 32 hexadecimal digits.") from None

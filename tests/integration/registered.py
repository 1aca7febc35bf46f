"""A picture that is registered as the pages register one, for tests that ask about copies of it."""

from uuid import UUID

from django.db import transaction
from PIL import Image

from matching import registry, sequence
from matching.hashing.hashes import fingerprint_of
from matching.hashing.keypoints import stored_details
from matching.hashing.pictures import pictures
from tests.pictures import encoded


def protected(image: Image.Image, *, assurance: int = 0, details: bool = True) -> UUID:
    """Its `edit` is refused, and that is in effect."""
    found = pictures(encoded(image))
    kept = stored_details(found) if details else None
    assert kept or not details
    with transaction.atomic():
        made = registry.protect(
            [fingerprint_of(found)],
            refuse=["edit"],
            assurance=assurance,
            details=kept.to_bytes(coarse=True) if kept else None,
        )
    assert sequence.settled()
    return made

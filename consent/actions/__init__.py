from consent.actions.exclusions import exclude_image, withdraw_exclusion
from consent.actions.photos import (
    AlreadyRegisteredError,
    Decided,
    add_photo,
    choose_default,
    erase_long_withdrawn,
    erase_person,
    erase_photos,
    label_photo,
    protect_photo,
    release_photos,
    restore_photos,
    revise_photos,
    withdraw_photos,
)

__all__ = [
    "AlreadyRegisteredError",
    "Decided",
    "add_photo",
    "choose_default",
    "erase_long_withdrawn",
    "erase_person",
    "erase_photos",
    "exclude_image",
    "label_photo",
    "protect_photo",
    "release_photos",
    "restore_photos",
    "revise_photos",
    "withdraw_exclusion",
    "withdraw_photos",
]

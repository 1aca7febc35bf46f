"""The narrow face that `consent` writes through. Each call joins the caller's transaction, so that an opt-out and its
protection exist together or not at all. After the commit the caller asks `sequence.settled()`.
"""

import uuid
from collections.abc import Iterable
from uuid import UUID

from matching import keyring, sequence, uses
from matching.hashing.fingerprint import Fingerprint
from matching.models import Change, Protection


class TooLittleDetailError(ValueError):
    """The fingerprint holds no hash good enough to tell this image from others: a blank image, a mask."""


def protect(fingerprint: Fingerprint, *, refuse: Iterable[str], assurance: int, pending: bool = False) -> UUID:
    """Protect an image, or hold its protection back until `activate`; returns the protection's id.

    Raises TooLittleDetailError, uses.UnknownUseError, ValueError for an assurance outside 0 to 3.
    """
    if not fingerprint.hashes:
        raise TooLittleDetailError("the image has too little detail to be recognised")
    if assurance not in range(4):
        raise ValueError(f"assurance {assurance!r} is not 0, 1, 2 or 3")
    protection = uuid.uuid4()
    sealed = keyring.seal(fingerprint.to_bytes(), protection=protection, profile=fingerprint.profile)
    Protection.objects.create(
        id=protection,
        profile=fingerprint.profile,
        key_id=sealed.key_id,
        fingerprint=sealed.blob,
        uses=uses.in_order(uses.refused(refuse)),
        assurance=assurance,
        state=Protection.State.PENDING if pending else Protection.State.ACTIVE,
    )
    if not pending:
        sequence.record(Change.Kind.PROTECTION, protection)
    return protection


def revise(protection: UUID, *, refuse: Iterable[str]) -> None:
    """Refuse these uses from now on. Raises uses.UnknownUseError, Protection.DoesNotExist."""
    change(protection, uses=uses.in_order(uses.refused(refuse)))


def withdraw(protection: UUID) -> None:
    """Answer for this protection no more. Raises Protection.DoesNotExist."""
    change(protection, state=Protection.State.WITHDRAWN)


def activate(protection: UUID) -> None:
    """Answer for a pending or withdrawn protection (again). Raises Protection.DoesNotExist."""
    change(protection, state=Protection.State.ACTIVE)


def erase(protection: UUID) -> None:
    """Delete it and its fingerprint. Of one that is gone already nothing happens."""
    if Protection.objects.filter(id=protection).delete()[0]:
        sequence.record(Change.Kind.PROTECTION, protection)


def hashes(protection: UUID) -> Fingerprint:
    """What is kept of an image, for its person to read. Raises Protection.DoesNotExist, keyring.UnreadableBlobError."""
    row = Protection.objects.get(id=protection)
    sealed = keyring.Sealed(row.key_id, bytes(row.fingerprint))
    return Fingerprint.from_bytes(keyring.unseal(sealed, protection=row.id, profile=row.profile))


def change(protection: UUID, **fields: object) -> None:
    row = Protection.objects.select_for_update().get(id=protection)
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=[*fields, "updated_at"])
    sequence.record(Change.Kind.PROTECTION, protection)

"""The narrow face that `consent` writes through. Each call joins the caller's transaction, so that an opt-out and its
protection exist together or not at all. After the commit the caller asks `sequence.settled()`.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from matching import sequence, stored, uses
from matching.hashing.fingerprint import Fingerprint
from matching.models import Change, Protection, StoredFingerprint


class TooLittleDetailError(ValueError):
    """The fingerprint holds no hash good enough to tell this image from others: a blank image, a mask."""


def protect(
    fingerprints: Sequence[Fingerprint],
    *,
    refuse: Iterable[str],
    assurance: int,
    pending: bool = False,
    details: bytes | None = None,
) -> UUID:
    """Protect an image, or hold its protection back until `activate`; returns the protection's id.

    `fingerprints` are of that one image, each under another profile; `details` its packed local features, if wanted.
    Raises TooLittleDetailError, uses.UnknownUseError, ValueError for an assurance outside 0 to 3.
    """
    if not any(fingerprint.hashes for fingerprint in fingerprints):
        raise TooLittleDetailError("the image has too little detail to be recognised")
    if assurance not in range(4):
        raise ValueError(f"assurance {assurance!r} is not 0, 1, 2 or 3")
    protection = Protection.objects.create(
        uses=uses.in_order(uses.refused(refuse)),
        assurance=assurance,
        state=Protection.State.PENDING if pending else Protection.State.ACTIVE,
    ).id
    packed = {fingerprint.profile: fingerprint.to_bytes() for fingerprint in fingerprints}
    stored.put(protection, packed if details is None else packed | {stored.DETAILS: details})
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


def renew(protection: UUID, fingerprint: Fingerprint) -> None:
    """Keep this fingerprint of its image as well, or in place of the one under that profile.

    Raises Protection.DoesNotExist.
    """
    change(protection)
    stored.put(protection, {fingerprint.profile: fingerprint.to_bytes()})


def keep_details(protection: UUID, data: bytes) -> None:
    """Keep these packed local features of its image from now on. Raises Protection.DoesNotExist."""
    change(protection)
    stored.put(protection, {stored.DETAILS: data})


def drop_details(protection: UUID) -> None:
    """Delete its local features; where there are none nothing else happens. Raises Protection.DoesNotExist."""
    change(protection)
    StoredFingerprint.objects.filter(protection=protection, profile=stored.DETAILS).delete()


def hashes(protection: UUID) -> tuple[Fingerprint, ...]:
    """What is kept of an image, for its person to read. Raises Protection.DoesNotExist, keyring.UnreadableBlobError."""
    for found in stored.read(Protection.objects.filter(id=protection)):
        return found.frames
    raise Protection.DoesNotExist


def change(protection: UUID, **fields: object) -> None:
    row = Protection.objects.select_for_update().get(id=protection)
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=[*fields, "updated_at"])
    sequence.record(Change.Kind.PROTECTION, protection)

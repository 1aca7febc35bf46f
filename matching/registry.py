"""The narrow face that `consent` writes through. Each call joins the caller's transaction, so that an opt-out and its
protection exist together or not at all. After the commit the caller asks `sequence.settled()`.
"""

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from matching import events, records, sequence, stored, uses
from matching.hashing.details import Details
from matching.hashing.fingerprint import Fingerprint
from matching.hashing.profile import PROFILES, accepted, current
from matching.models import Change, Exclusion, Protection, StoredFingerprint
from matching.stored import Stored


class TooLittleDetailError(ValueError):
    """The fingerprint holds no hash good enough to tell this image from others: a blank image, a mask."""


def protect(
    fingerprints: Iterable[Fingerprint],
    *,
    refuse: Iterable[str],
    assurance: int,
    pending: bool = False,
    details: bytes | None = None,
) -> UUID:
    """Protect an image, or hold its protection back until `activate`; returns the protection's id.

    `fingerprints` as of `packed`; `details` are the image's packed local features, if wanted.
    Raises TooLittleDetailError, uses.UnknownUseError, ValueError for an assurance outside 0 to 3 or for other details.
    """
    kept = packed(fingerprints)
    if assurance not in range(4):
        raise ValueError(f"assurance {assurance!r} is not 0, 1, 2 or 3")
    protection = Protection.objects.create(
        uses=uses.in_order(uses.refused(refuse)),
        assurance=assurance,
        state=Protection.State.PENDING if pending else Protection.State.ACTIVE,
    ).id
    stored.put(protection, kept if details is None else kept | packed_details(details))
    if not pending:
        sequence.record(Change.Kind.PROTECTION, protection)
    return protection


def packed(fingerprints: Iterable[Fingerprint]) -> dict[str, bytes]:
    """What is kept of one image that was hashed under each profile: the fingerprints of the accepted ones.

    All of them, so that nobody who asks under any of these misses it. Raises TooLittleDetailError, and ValueError
    where one is missing.
    """
    given = {fingerprint.profile: fingerprint for fingerprint in fingerprints}
    if missing := [name for name in accepted() if name not in given]:
        raise ValueError(f"the image was not hashed under {', '.join(missing)}")
    if not any(given[name].hashes for name in accepted()):
        raise TooLittleDetailError("the image has too little detail to be recognised")
    return {name: given[name].to_bytes() for name in accepted()}


def packed_details(data: bytes) -> dict[str, bytes]:
    """What is kept of an image's details. Raises ValueError for what no index could read: each would stand still."""
    Details.from_bytes(data, coarse=True)
    return {stored.DETAILS: data}


def revise(*protections: UUID, refuse: Iterable[str]) -> None:
    """Refuse these uses from now on. Raises uses.UnknownUseError, Protection.DoesNotExist."""
    change(*protections, uses=uses.in_order(uses.refused(refuse)))
    events.protection_changed(*protections)


def withdraw(*protections: UUID) -> None:
    """Answer for these protections no more. Raises Protection.DoesNotExist."""
    change(*protections, state=Protection.State.WITHDRAWN)
    events.protection_removed(*protections)


def activate(*protections: UUID, refuse: Iterable[str] | None = None) -> None:
    """Answer for pending or withdrawn protections (again), with these uses if any are given.

    Raises uses.UnknownUseError, Protection.DoesNotExist.
    """
    chosen = {} if refuse is None else {"uses": uses.in_order(uses.refused(refuse))}
    change(*protections, state=Protection.State.ACTIVE, **chosen)
    events.protection_changed(*protections)


def erase(protection: UUID) -> None:
    """Delete it, its fingerprints and exclusions, and what is kept of checks that names it. Of one that is gone already
    nothing happens.
    """
    excluded = list(Exclusion.objects.filter(protection=protection).values_list("id", flat=True))
    if Protection.objects.filter(id=protection).delete()[0]:
        events.protection_removed(protection)
        records.forget(protection)
        for image in excluded:
            sequence.record(Change.Kind.EXCLUSION, image)
        sequence.record(Change.Kind.PROTECTION, protection)


def renew(protection: UUID, fingerprints: Iterable[Fingerprint]) -> None:
    """Keep what its image gives under the accepted profiles as well; what is there under older ones stays.

    `fingerprints` as of `packed`. Raises what it raises, and Protection.DoesNotExist.
    """
    kept = packed(fingerprints)
    change(protection)
    stored.put(protection, kept)


def to_hash_again(protections: Iterable[UUID]) -> set[UUID]:
    """Those of these that have no fingerprint under the current profile: for that their images are needed once more."""
    if len(PROFILES) == 1:
        return set()  # and nothing is asked, as long as there was never another
    wanted = set(protections)
    having = StoredFingerprint.objects.filter(protection__in=wanted, profile=current().name)
    return wanted - set(having.values_list("protection", flat=True))


def keep_details(protection: UUID, data: bytes) -> None:
    """Keep these packed local features of its image from now on. Raises Protection.DoesNotExist, ValueError."""
    kept = packed_details(data)
    change(protection)
    stored.put(protection, kept)


def drop_details(protection: UUID) -> None:
    """Delete its local features; where there are none nothing else happens. Raises Protection.DoesNotExist."""
    change(protection)
    StoredFingerprint.objects.filter(protection=protection, profile=stored.DETAILS).delete()


def kept(protection: UUID) -> Stored:
    """What is kept of an image, for its person to read. Raises Protection.DoesNotExist, keyring.UnreadableBlobError."""
    for found in stored.read(Protection.objects.filter(id=protection)):
        return found
    raise Protection.DoesNotExist


def change(*protections: UUID, **fields: object) -> None:
    rows = Protection.objects.filter(id__in=protections)
    if len(rows.select_for_update().order_by("id")) != len(set(protections)):
        raise Protection.DoesNotExist
    rows.update(**fields, updated_at=timezone.now())
    sequence.record(Change.Kind.PROTECTION, *protections)

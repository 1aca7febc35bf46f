"""Exclusions as rows, written here alone. Each call joins the caller's transaction, like those of `registry`."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID, uuid4

from django.db.models import QuerySet
from django.utils import timezone

from matching import keyring, sequence, stored
from matching.decision import Excluded, Strength, strength_of
from matching.excluded import whole
from matching.hashing.fingerprint import Fingerprint, join, split
from matching.index.scan import ScanIndex
from matching.keyring import Sealed, UnreadableBlobError
from matching.models import Change, Exclusion, Protection
from matching.registry import TooLittleDetailError

BOUND_TO = "exclusion"  # in the place of a profile: the blob holds the fingerprints of several


class TooNearError(ValueError):
    """The image is the protected photo itself, or a near copy: to exclude it would leave the photo unprotected."""


class UnknownExclusionError(LookupError):
    """There is no exclusion of this id."""


def exclude(
    queries: Sequence[Fingerprint], *, reason: str, protection: UUID | None = None, minimum_assurance: int | None = None
) -> UUID:
    """Say of an image that it is not that protection's photo, or that claims on it need this assurance; returns the id.

    `queries` are what the image asks under each profile, with every effort. Raises TooLittleDetailError, TooNearError,
    Protection.DoesNotExist, ValueError unless just one of the two is given and there is a reason.
    """
    if (protection is None) == (minimum_assurance is None) or minimum_assurance not in (None, 1, 2, 3):
        raise ValueError("an exclusion is for one protection, or for those below an assurance of 1, 2 or 3")
    if not reason.strip():
        raise ValueError("an exclusion needs a reason")
    if not (kept := whole(queries)):
        raise TooLittleDetailError("the image has too little detail to be recognised")
    if protection is not None:
        refuse_its_own(protection, queries)
    id_ = uuid4()
    sealed = keyring.seal(join(kept), protection=id_, profile=BOUND_TO)
    Exclusion.objects.create(
        id=id_,
        protection_id=protection,
        minimum_assurance=minimum_assurance,
        reason=reason,
        key_id=sealed.key_id,
        blob=sealed.blob,
    )
    sequence.record(Change.Kind.EXCLUSION, id_)
    return id_


def refuse_its_own(protection: UUID, queries: Sequence[Fingerprint]) -> None:
    """Raises TooNearError where the image is strongly the protection's own, by any view."""
    Protection.objects.select_for_update().get(id=protection)
    [found] = stored.read(Protection.objects.filter(id=protection))
    index = ScanIndex()
    index.apply([(found.claim, found.frames)], [])
    strengths = [strength_of(hit) for hit in index.search(queries)]
    if Strength.STRONG in strengths:
        raise TooNearError("the image is the protected photo itself or a near copy of it")


def withdraw(exclusion: UUID) -> bool:
    """Let what was excluded count again; whether it was in force. Raises UnknownExclusionError."""
    row = Exclusion.objects.select_for_update().filter(id=exclusion).first()
    if row is None:
        raise UnknownExclusionError
    if row.withdrawn_at is not None:
        return False
    row.withdrawn_at = timezone.now()
    row.save(update_fields=["withdrawn_at"])
    sequence.record(Change.Kind.EXCLUSION, exclusion)
    return True


def read(exclusions: QuerySet[Exclusion]) -> Iterator[tuple[Excluded, list[Fingerprint]]]:
    """Each with its fingerprints, but those of profiles that this process does not know. Raises UnreadableBlobError."""
    for row in exclusions.filter(withdrawn_at=None):
        try:
            data = keyring.unseal(Sealed(row.key_id, bytes(row.blob)), protection=row.id, profile=BOUND_TO)
        except UnreadableBlobError:
            raise UnreadableBlobError(f"exclusion {row.id} does not open") from None
        yield Excluded(row.id, row.protection_id, row.minimum_assurance), list(readable(split(data)))


def readable(packed: Iterable[bytes]) -> Iterator[Fingerprint]:
    """Without those of a newer release: an image that is not known to be excluded is answered as any other."""
    for each in packed:
        try:
            yield Fingerprint.from_bytes(each)
        except ValueError:
            continue

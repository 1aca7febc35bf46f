"""What is kept of photos: a sealed row for each profile, put and read here alone."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from matching import keyring, uses
from matching.hashing.details import Details
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.fingerprint import Fingerprint
from matching.hashing.profile import PROFILES
from matching.index.interface import Claim
from matching.keyring import Sealed, UnreadableBlobError
from matching.models import Protection, StoredFingerprint

DETAILS: Final = VETO_DETAILS_1.name
COLUMNS: Final = (
    "id", "uses", "assurance", "created_at",
    "fingerprints__profile", "fingerprints__key_id", "fingerprints__blob",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """A protection as the index takes it: its fingerprints by frame profile, and its details where they are kept."""

    claim: Claim
    frames: tuple[Fingerprint, ...]
    details: Details | None


def put(protection: UUID, packed: Mapping[str, bytes]) -> None:
    """Keep these bytes, each under its profile and in place of what was kept under it."""
    sealed = {name: keyring.seal(data, protection=protection, profile=name) for name, data in packed.items()}
    StoredFingerprint.objects.bulk_create(
        (
            StoredFingerprint(protection_id=protection, profile=name, key_id=each.key_id, blob=each.blob)
            for name, each in sealed.items()
        ),
        update_conflicts=True,
        unique_fields=["protection", "profile"],
        update_fields=["key_id", "blob"],
    )


def read(protections: QuerySet[Protection], *, batch: int | None = None) -> Iterator[Stored]:
    """Each of these protections whole; `batch`: by a server-side cursor, so many rows at a time, in a transaction.

    One statement, so that none is met in the midst of a change. Raises UnreadableBlobError.
    """
    for rows in _rows(protections, batch):
        yield load(rows)


def read_details(protections: QuerySet[Protection], *, batch: int) -> Iterator[tuple[Claim, Details]]:
    """The details of those that have any, as `read`."""
    for rows in _rows(protections.filter(fingerprints__profile=DETAILS), batch):
        with readable(rows[0][0]):
            kept = claim_of(rows), Details.from_bytes(opened(rows)[DETAILS], coarse=True)
        yield kept


def _rows(protections: QuerySet[Protection], batch: int | None) -> Iterator[list[tuple[Any, ...]]]:
    rows = protections.order_by("id").values_list(*COLUMNS)
    for _, of_one in groupby(rows if batch is None else rows.iterator(chunk_size=batch), key=itemgetter(0)):
        yield list(of_one)


def claim_of(rows: list[tuple[Any, ...]]) -> Claim:
    protection, refused, assurance, since = rows[0][:4]
    return Claim(protection, uses.to_mask(refused), assurance, since.date())


def opened(rows: list[tuple[Any, ...]]) -> dict[str, bytes]:
    """The fingerprints of one protection that this process knows the profile of. Raises UnreadableBlobError."""
    return {
        profile: keyring.unseal(Sealed(key_id, bytes(blob)), protection=protection, profile=profile)
        for protection, *_, profile, key_id, blob in rows
        if profile in PROFILES or profile == DETAILS
    }


def load(rows: list[tuple[Any, ...]]) -> Stored:
    """The rows (of COLUMNS) of one protection. Raises UnreadableBlobError.

    Profiles that this process does not know are passed over (a newer release writes them meanwhile) where there is one
    that it does: what it answers is then as complete as it ever was. A protection of which nothing can be compared is
    an error, never a gap.
    """
    protection, fingerprints = rows[0][0], opened(rows)
    details_of_it = fingerprints.pop(DETAILS, None)
    if not fingerprints:
        raise UnreadableBlobError(f"protection {protection} has no fingerprint of a known profile")
    with readable(protection):
        frames = tuple(Fingerprint.from_bytes(data) for data in fingerprints.values())
        details = Details.from_bytes(details_of_it, coarse=True) if details_of_it else None
        return Stored(claim_of(rows), frames, details)


@contextmanager
def readable(protection: UUID) -> Iterator[None]:
    """What makes no sense to this release, as UnreadableBlobError."""
    try:
        yield
    except ValueError:
        raise UnreadableBlobError(f"protection {protection} holds what this release cannot read") from None

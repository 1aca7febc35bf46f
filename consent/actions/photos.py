"""What a person does with a photo: each one transaction, one audit event, and success told once it is in effect."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from consent.models import AuditEvent, OptOut, Person, Photo
from matching import registry, sequence, uses
from matching.hashing.fingerprint import Fingerprint


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided is saved. `in_effect`: every check from now on takes it into account; else it soon will."""

    photo: Photo
    in_effect: bool


def protect_photo(
    *, by: Person, fingerprint: Fingerprint, refuse: Iterable[str], assurance: int = 0, label: str = ""
) -> Decided:
    """Refuse uses of a photo. Raises registry.TooLittleDetailError, uses.UnknownUseError."""
    refused = uses.in_order(uses.refused(refuse))
    with transaction.atomic(durable=True):
        protection = registry.protect(fingerprint, refuse=refused, assurance=assurance)
        photo = Photo.objects.create(person=by, protection=protection, label=label)
        OptOut.objects.create(photo=photo, uses=refused)
        AuditEvent.objects.create(
            by=by.id, action="photo.protected", subject=photo.id, facts={"uses": refused, "assurance": assurance}
        )
    return Decided(photo, in_effect=sequence.settled())


def withdraw_photo(*, by: Person, photo: Photo) -> Decided:
    """Withdraw the opt-out of a photo; of one withdrawn before, nothing changes."""
    with transaction.atomic(durable=True):
        in_force = OptOut.objects.filter(photo=photo, withdrawn_at=None)
        if in_force.update(withdrawn_at=timezone.now()):
            registry.withdraw(photo.protection)
            AuditEvent.objects.create(by=by.id, action="photo.withdrawn", subject=photo.id)
    return Decided(photo, in_effect=sequence.settled())

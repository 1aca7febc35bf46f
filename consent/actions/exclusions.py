"""What an operator answers to a false match, and to claims on pictures that are no one's to reserve."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from consent.models import AuditEvent, Person, Photo
from matching import exclusions, ledger, sequence
from matching.hashing.fingerprint import Fingerprint


@dataclass(frozen=True, slots=True)
class ExclusionMade:
    id: UUID
    in_effect: bool

    @property
    def ref(self) -> str:
        return f"exc_{self.id.hex}"


def exclude_image(
    *,
    by: Person,
    queries: Sequence[Fingerprint],
    reason: str,
    photo: Photo | None = None,
    minimum_assurance: int | None = None,
) -> ExclusionMade:
    """Say of an image that it is not this photo, or that claims on it need an assurance. One of the two.

    Raises what `exclusions.exclude` raises. The reason stays out of the audit: it may tell of a person.
    """
    with transaction.atomic(durable=True):
        made = exclusions.exclude(
            queries,
            reason=reason,
            protection=photo.protection if photo else None,
            minimum_assurance=minimum_assurance,
        )
        facts = {"photo": photo.id.hex} if photo else {"minimum_assurance": minimum_assurance}
        AuditEvent.objects.create(by=by.id, action="exclusion.made", subject=made, facts=facts)
    return ExclusionMade(made, in_effect=sequence.settled())


def withdraw_exclusion(*, by: Person, exclusion: UUID) -> bool:
    """Let what it excluded count again; whether that is in effect already. Raises exclusions.UnknownExclusionError."""
    with transaction.atomic(durable=True):
        if exclusions.withdraw(exclusion):
            ledger.note(ledger.Kind.EXCLUSION_WITHDRAWN, exclusion)
            AuditEvent.objects.create(by=by.id, action="exclusion.withdrawn", subject=exclusion)
    return ledger.written() & sequence.settled()

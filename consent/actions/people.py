"""What people do with their account: each one transaction and one audit event, which names nobody."""

from datetime import datetime
from typing import cast
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction

from consent.models import AuditEvent, Person
from matching import ledger


class CaseTakenError(Exception):
    """There is a case of this number with another secret."""


def audit(person: Person, action: str, **facts: object) -> AuditEvent:
    return AuditEvent.objects.create(by=person.id, action=action, subject=person.id, facts=facts)


def open_case(*, number: str, secret: str) -> Person:
    """An account that knows nobody. The same number and secret again are the same account: a second click is harmless.

    Raises CaseTakenError.
    """
    person = Person(username=number)
    person.set_password(secret)
    try:
        with transaction.atomic(durable=True):
            person.save(force_insert=True)
            audit(person, "person.opened", by="case number")
    except IntegrityError:
        opened = Person.objects.of_case_number(number)
        if opened is None or not opened.check_password(secret):
            raise CaseTakenError from None
        return opened
    return person


def open_account(*, email: str, password: str) -> Person:
    """An account by e-mail, which nobody comes into before the address is verified. Raises IntegrityError if taken."""
    person = Person(email=email.lower())
    person.set_password(password)
    with transaction.atomic():
        person.save(force_insert=True)
        audit(person, "person.opened", by="e-mail")
    return person


def change_secret(*, by: Person, secret: str) -> None:
    """A new password or secret. Every session ends, but for one whose view says otherwise: they carry the old mark."""
    by.set_password(secret)
    with transaction.atomic():
        by.save(update_fields=["password"])
        remember(ledger.Kind.SECRETS_CHANGED, by.id, audit(by, "person.secret_changed"))


def end_sessions(*, by: Person, of: Person) -> int:
    """How many there were; wherever they were in, they are out with the next request."""
    with transaction.atomic():
        sessions = list(UserSession.objects.filter(user=of))
        for session in sessions:
            session.delete()
        AuditEvent.objects.create(by=by.id, action="person.sessions_ended", subject=of.id)
    return len(sessions)


def note_second_step(*, by: Person, added: Authenticator) -> None:
    """One that was added, or recovery codes that took the place of others."""
    with transaction.atomic():
        remember(ledger.Kind.SECRETS_CHANGED, by.id, audit(by, "person.second_step_added", kind=added.type))


def note_no_second_step(*, by: Person, removed: Authenticator) -> None:
    with transaction.atomic():
        event = audit(by, "person.second_step_removed", kind=removed.type)
        remember(ledger.Kind.SECOND_STEP_REMOVED, named(removed), event)


def remember(kind: ledger.Kind, subject: UUID, event: AuditEvent) -> None:
    """In the caller's transaction, for a restore: at the very time of the event, by which the two are known as one."""
    ledger.note(kind, subject, at=event.at)
    transaction.on_commit(ledger.written)


def named(second_step: Authenticator) -> UUID:
    return ledger.named(f"second step {second_step.user_id} {second_step.created_at.isoformat()}")


def remove_second_step_again(step: UUID) -> bool:
    """After a restore; whether there is such a one."""
    found = [each for each in Authenticator.objects.select_related("user") if named(each) == step]
    for each in found:
        each.delete()
        note_no_second_step(by=cast("Person", each.user), removed=each)
    return bool(found)


def doubt_secrets(*, of: Person, changed: datetime) -> bool:
    """After a restore: whether what they changed then, of how they come in, is as it was before.

    Who has an address comes in by it, since the password that is here may be another's to know. The secret of a case
    number is its only door, and stays. Both are told when they come (`secrets_in_doubt`).
    """
    if AuditEvent.objects.filter(subject=of.id, at=changed).exists():
        return False  # the backup has it
    with transaction.atomic():
        if of.email:
            of.set_unusable_password()
            of.save(update_fields=["password"])
        audit(of, "person.secrets_in_doubt")
    return True


def secrets_in_doubt(person: Person) -> bool:
    """Whether they have not come in since."""
    doubts = AuditEvent.objects.filter(subject=person.id, action="person.secrets_in_doubt")
    return doubts.filter(at__gt=person.last_login or person.created_at).exists()


def verify_email(*, by: Person, address: EmailAddress) -> bool:
    """Make a verified address the person's own. False where another account has verified it first.

    Accounts that claimed it and never could prove it are gone: nobody has ever been in them.
    """
    with transaction.atomic():
        if not address.can_set_verified():
            return False
        forget_unverified(email=address.email, but=by)
        EmailAddress.objects.filter(user=by).exclude(pk=address.pk).delete()
        address.verified = address.primary = True
        address.save()
        by.email = address.email
        by.save(update_fields=["email"])
        audit(by, "person.email_verified")
    return True


def is_unclaimed(person: Person) -> bool:
    """Whether nobody has ever proven that this account is theirs: no verified address, never logged in to."""
    return (
        person.last_login is None
        and person.username is None
        and not EmailAddress.objects.filter(user=person, verified=True).exists()
    )


def forget_unverified(*, email: str, but: Person | None = None) -> None:
    """Remove the account that claims an address and that nobody ever proved to be theirs, if there is one."""
    person = Person.objects.of_email(email)
    if person is not None and person != but and is_unclaimed(person):
        person.delete()


def forget_claims(*, before: datetime) -> None:
    """Remove accounts that were opened by e-mail so long ago that their link is no longer good, and never verified."""
    for person in Person.objects.claimed_before(before):
        person.delete()

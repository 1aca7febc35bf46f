"""After a restore from a backup: do again what people had decided since and the ledger knows."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from consent.actions import people
from consent.actions.exclusions import withdraw_exclusion
from consent.actions.photos import drop_details, erase_person, erase_photos, restore_photos, withdraw_photos
from consent.models import Person, Photo
from matching import exclusions, keys, ledger, platforms, signing, webhooks
from matching.ledger import Kind


def replay(*, by: Person, ledger_folder: Path) -> Counter[str]:
    """How often each kind of act was done again. All sessions end: some had been ended, which nobody remembers now.

    Raises ledger.LedgerError.
    """
    lines = list(ledger.read(ledger_folder))
    UserSession.objects.all().delete()
    Session.objects.all().delete()
    return Counter(line.kind.value for line in lines if done_again(by, line))


def done_again(by: Person, line: ledger.Line) -> bool:
    if line.kind == Kind.KEY_ENDS:
        return keys.end_again(line.subject, line.at)
    if line.kind == Kind.SECRETS_CHANGED:
        person = Person.objects.filter(id=line.subject).first()
        return person is not None and people.doubt_secrets(of=person, changed=line.at)
    return again(by)[line.kind](line.subject)


def again(by: Person) -> dict[Kind, Callable[[UUID], bool]]:
    """What to do for each kind that needs no time; each says whether its subject was there."""
    return {
        Kind.PERSON_ERASED: lambda person: each_person(person, lambda found: erase_person(by=found)),
        Kind.PHOTO_ERASED: lambda photo: with_photo(photo, lambda found: erase_photos(by=by, photos=found)),
        Kind.PHOTO_WITHDRAWN: lambda photo: with_photo(photo, lambda found: withdraw_photos(by=by, photos=found)),
        Kind.PHOTO_RESTORED: lambda photo: with_photo(photo, lambda found: restore_photos(by=by, photos=found)),
        Kind.DETAILS_DROPPED: lambda photo: with_photo(photo, lambda found: drop_details(by=by, photos=found)),
        Kind.EXCLUSION_WITHDRAWN: lambda image: withdrawn_exclusion(by, image),
        Kind.KEY_REVOKED: keys.revoke_again,
        Kind.PLATFORM_SUSPENDED: lambda platform: platforms.change_again(platform, suspended=True),
        Kind.PLATFORM_RESUMED: lambda platform: platforms.change_again(platform, suspended=False),
        Kind.SIGNING_KEY_REVOKED: signing.revoke_again,
        Kind.ENDPOINT_DELETED: webhooks.delete_endpoint_again,
        Kind.SECOND_STEP_REMOVED: people.remove_second_step_again,
    }


def each_person(person: UUID, act: Callable[[Person], object]) -> bool:
    found = Person.objects.filter(id=person).first()
    if found is not None:
        act(found)
    return found is not None


def with_photo(photo: UUID, act: Callable[[Iterable[Photo]], object]) -> bool:
    found = list(Photo.objects.filter(id=photo))
    if found:
        act(found)
    return bool(found)


def withdrawn_exclusion(by: Person, image: UUID) -> bool:
    try:
        withdraw_exclusion(by=by, exclusion=image)
    except exclusions.UnknownExclusionError:
        return False
    return True

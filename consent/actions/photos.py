"""What a person does with photos: each one transaction, its audit events, and success told once it is in effect."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Required, TypedDict, Unpack
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from consent.models import AuditEvent, OptOut, Person, Photo
from consent.models.photo import UNDO, marks_of
from matching import ledger, lookup, registry, sequence, uses
from matching.hashing.fingerprint import Fingerprint


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided is saved. `in_effect`: every check from now on takes it into account; else it soon will.

    `renewed`: they were registered before, and are now found under the current profile as well.
    `photos`: those it was decided of, whether or not that changed anything. Pending ones are never in effect.
    """

    photos: tuple[Photo, ...]
    in_effect: bool
    renewed: bool = False

    @property
    def photo(self) -> Photo:
        [photo] = self.photos
        return photo


class AlreadyRegisteredError(Exception):
    """This person has registered this very photo before, and has not withdrawn it. `in_effect`: as of `Decided`."""

    def __init__(self, photo: Photo, *, in_effect: bool) -> None:
        super().__init__(photo.ref)
        self.photo = photo
        self.in_effect = in_effect


def audit(by: Person, action: str, *photos: Photo, **facts: object) -> None:
    AuditEvent.objects.bulk_create(
        AuditEvent(by=by.id, action=action, subject=photo.id, facts=facts) for photo in photos
    )


class Choice(TypedDict, total=False):
    """What a person says of a photo; by default a photo of their own, named by its date, in force at once.

    `details` are what its local features are, packed, None where they are too few; kept unless `keep_details` is false.
    Those that `follow` come later, by `keep_details`. `sending` is the browser's name for this act (`Photo.sending`).
    """

    refuse: Required[Iterable[str]]
    assurance: int
    label: str
    declaration: str
    pending: bool
    details: bytes | None
    keep_details: bool
    follow: bool
    sending: UUID | None


def protect_photo(
    *, by: Person, fingerprints: Sequence[Fingerprint], mark: bytes | None = None, **choice: Unpack[Choice]
) -> Decided:
    """Refuse uses of a photo; its fingerprints are as `registry.protect` takes them.

    Raises registry.TooLittleDetailError, uses.UnknownUseError.
    """
    refused = uses.in_order(uses.refused(choice["refuse"]))
    assurance, pending = choice.get("assurance", 0), choice.get("pending", False)
    details, state = details_of(choice)
    with transaction.atomic(durable=True):
        photo = Photo.objects.create(
            person=by,
            protection=registry.protect(
                fingerprints, refuse=refused, assurance=assurance, pending=pending, details=details
            ),
            details=state,
            label=choice.get("label", ""),
            declaration=choice.get("declaration", Photo.Declaration.MINE),
            mark=mark,
            sending=choice.get("sending"),
            pending_since=timezone.now() if pending else None,
        )
        OptOut.objects.create(photo=photo, uses=refused)
        audit(by, "photo.pending" if pending else "photo.protected", photo, uses=refused, assurance=assurance)
    return Decided((photo,), in_effect=not pending and sequence.settled())


def details_of(choice: Choice) -> tuple[bytes | None, Photo.Details]:
    """What is kept of a photo's local features, and what is to be said of it."""
    if not choice.get("keep_details", True):
        return None, Photo.Details.DECLINED
    details = choice.get("details")
    if not details and choice.get("follow", False):
        return None, Photo.Details.NONE
    return details, Photo.Details.KEPT if details else Photo.Details.TOO_FEW


def add_photo(*, by: Person, fingerprints: Sequence[Fingerprint], **choice: Unpack[Choice]) -> Decided:
    """`protect_photo`, but once for each photo of a person; a withdrawn one is put back with the new choice.

    One that was registered before the current profile came, or without the details that are now to be kept, is
    renewed. The browser's name for the act is kept with its last step, so that an act that was cut short is repeated
    whole. Raises AlreadyRegisteredError as well.
    """
    marks, sending = marks_of(by, fingerprints), choice.get("sending")
    photo = Photo.objects.of(by).filter(mark__in=marks).first() or to_renew(by, fingerprints)
    if photo is None:
        try:
            return protect_photo(by=by, fingerprints=fingerprints, mark=marks[0] if marks else None, **choice)
        except IntegrityError:  # it has come at the same time by another way
            same = Q(mark__in=marks) if sending is None else Q(mark__in=marks) | Q(sending=sending)
            photo = Photo.objects.of(by).get(same)
    return add_again(by, photo, fingerprints, choice)


def add_again(by: Person, photo: Photo, fingerprints: Sequence[Fingerprint], choice: Choice) -> Decided:
    """A photo that came before: renewed, put back, or both; else AlreadyRegisteredError."""
    renewed = None
    withdrawn = not OptOut.objects.filter(photo=photo, withdrawn_at=None).exists()
    sending = choice.get("sending")
    details, state = details_of(choice)
    lacking = state == Photo.Details.KEPT != photo.details
    if state == Photo.Details.TOO_FEW and photo.details != Photo.Details.KEPT:  # so that it is not asked for again
        photo.details = state
        Photo.objects.filter(id=photo.id).exclude(details=Photo.Details.KEPT).update(details=state)
    if lacking or registry.to_hash_again([photo.protection]):
        renewed = renew_photo(
            by=by,
            photo=photo,
            fingerprints=fingerprints,
            details=details if lacking else None,
            sending=None if withdrawn else sending,
        )
    if withdrawn:
        if state == Photo.Details.DECLINED:
            drop_details(by=by, photos=[photo])
        return restore_photos(by=by, photos=[photo], refuse=choice["refuse"], sending=sending)
    if renewed is None:
        raise AlreadyRegisteredError(photo, in_effect=photo.pending_since is None and sequence.settled())
    return renewed


def to_renew(by: Person, fingerprints: Sequence[Fingerprint]) -> Photo | None:
    """The photo of this person that has to be hashed again and is this one, bar what another decoder makes of it."""
    waiting = registry.to_hash_again(Photo.objects.of(by).values_list("protection", flat=True))
    found = lookup.among(waiting, fingerprints, identical=True) if waiting else []
    return Photo.objects.of(by).get(protection=found[0].protection) if found else None


def renew_photo(
    *,
    by: Person,
    photo: Photo,
    fingerprints: Sequence[Fingerprint],
    details: bytes | None = None,
    sending: UUID | None = None,
) -> Decided:
    """Keep what the photo, sent once more, gives under the current profile, and its details if there are any.

    Its choice stays as it is.
    """
    with transaction.atomic(durable=True):
        for each in in_turn([photo]):
            registry.renew(each.protection, fingerprints)
            each.mark = marks_of(by, fingerprints)[0]
            if details:
                registry.keep_details(each.protection, details)
                each.details = Photo.Details.KEPT
            each.sending = sending or each.sending
            each.save(update_fields=["mark", "details", "sending"])
            audit(by, "photo.renewed", each)
    return Decided((photo,), in_effect=photo.pending_since is None and sequence.settled(), renewed=True)


def revise_photos(*, by: Person, photos: Iterable[Photo], refuse: Iterable[str]) -> Decided:
    """Refuse these uses of photos from now on. Withdrawn ones stay withdrawn. Raises uses.UnknownUseError."""
    with transaction.atomic(durable=True):
        revised = end_opt_outs(in_turn(photos))
        refused = uses.in_order(uses.refused(refuse))
        refuse_again(by, "photo.revised", revised, refused)
        registry.revise(*(photo.protection for photo in revised), refuse=refused)
    return decided(revised)


def withdraw_photos(*, by: Person, photos: Iterable[Photo]) -> Decided:
    """Withdraw the opt-outs of photos; of those withdrawn before, nothing changes."""
    with transaction.atomic(durable=True):
        withdrawn = in_turn(photos)
        ended = end_opt_outs(withdrawn)
        registry.withdraw(*(photo.protection for photo in ended))
        ledger.note(ledger.Kind.PHOTO_WITHDRAWN, *(photo.id for photo in ended))
        audit(by, "photo.withdrawn", *ended)
    return Decided(tuple(withdrawn), in_effect=ledger.written() & sequence.settled())


def restore_photos(
    *, by: Person, photos: Iterable[Photo], refuse: Iterable[str] | None = None, sending: UUID | None = None
) -> Decided:
    """Put withdrawn photos back, with the uses that they refused last or with these; of others, nothing changes.

    `sending`: as of `Choice`, of one photo.
    """
    with transaction.atomic(durable=True):
        restored = in_turn(photos)
        by_choice = defaultdict(list)
        last = {each.photo_id: each for each in OptOut.objects.filter(photo__in=restored).order_by("decided_at")}
        for photo in restored:
            if last[photo.id].withdrawn_at:
                chosen = last[photo.id].uses if refuse is None else refuse
                by_choice[tuple(uses.in_order(uses.refused(chosen)))].append(photo)
        for refused, withdrawn in by_choice.items():
            refuse_again(by, "photo.restored", withdrawn, refused)
            waiting = [photo.protection for photo in withdrawn if photo.pending_since]
            registry.revise(*waiting, refuse=refused)
            registry.activate(*{photo.protection for photo in withdrawn}.difference(waiting), refuse=refused)
            if sending:
                Photo.objects.filter(id__in=[photo.id for photo in withdrawn]).update(sending=sending)
            ledger.note(ledger.Kind.PHOTO_RESTORED, *(photo.id for photo in withdrawn))
    return decided(restored)


def end_opt_outs(photos: Iterable[Photo]) -> list[Photo]:
    """End what these photos, locked by the caller, refuse now; those of them that refused something."""
    standing = OptOut.objects.filter(photo__in=photos, withdrawn_at=None)
    ended = set(standing.values_list("photo_id", flat=True))
    standing.update(withdrawn_at=timezone.now())
    return [photo for photo in photos if photo.id in ended]


def refuse_again(by: Person, act: str, photos: Sequence[Photo], refused: Sequence[str]) -> None:
    OptOut.objects.bulk_create(OptOut(photo=photo, uses=list(refused)) for photo in photos)
    audit(by, act, *photos, uses=list(refused))


def keep_details(*, by: Person, photo: Photo, details: bytes | None) -> Decided:
    """Keep the local features that follow a photo's hashes (None: too few), unless they came or were declined before.

    Raises ValueError for details that no index could read.
    """
    with transaction.atomic(durable=True):
        for each in in_turn([photo]):
            if each.details == Photo.Details.NONE:
                each.details = Photo.Details.KEPT if details else Photo.Details.TOO_FEW
                each.save(update_fields=["details"])
                if details:
                    registry.keep_details(each.protection, details)
                audit(by, "photo.details_followed", each)
    return Decided((photo,), in_effect=photo.pending_since is None and sequence.settled())


def drop_details(*, by: Person, photos: Iterable[Photo]) -> Decided:
    """Delete the local features of photos; their hashes and choices stay. Of those that have none, nothing changes."""
    dropped = []
    with transaction.atomic(durable=True):
        for photo in in_turn(photos):
            if Photo.objects.filter(id=photo.id, details=Photo.Details.KEPT).update(details=Photo.Details.DECLINED):
                registry.drop_details(photo.protection)
                ledger.note(ledger.Kind.DETAILS_DROPPED, photo.id)
                audit(by, "photo.details_dropped", photo)
                dropped.append(photo)
    return Decided(tuple(dropped), in_effect=ledger.written() & sequence.settled())


def label_photo(*, by: Person, photo: Photo, label: str) -> None:
    """Name a photo. The name stays out of the audit, which outlives the person's data."""
    with transaction.atomic(durable=True):
        Photo.objects.filter(id=photo.id).update(label=label)
        audit(by, "photo.labelled", photo)


def choose_default(*, by: Person, refuse: Iterable[str], keep_details: bool = True) -> None:
    """What the next photos refuse, and whether their details are kept, unless something else is chosen.

    Raises uses.UnknownUseError.
    """
    refused = uses.in_order(uses.refused(refuse))
    facts = {"uses": refused, "keep_details": keep_details}
    with transaction.atomic(durable=True):
        Person.objects.filter(id=by.id).update(default_uses=refused, keep_details=keep_details)
        AuditEvent.objects.create(by=by.id, action="person.default_chosen", subject=by.id, facts=facts)


def erase_photos(*, by: Person, photos: Iterable[Photo]) -> bool:
    """Delete photos with all that is known of them; whether that is in effect already. Final."""
    with transaction.atomic(durable=True):
        erase(by, photos)
    return ledger.written() & sequence.settled()


def erase_person(*, by: Person) -> bool:
    """Delete a person with their photos and all that hangs on them; whether that is in effect already. Final."""
    with transaction.atomic(durable=True):
        Person.objects.select_for_update().get(id=by.id)  # no photo comes in meanwhile
        erase(by, Photo.objects.of(by))
        ledger.note(ledger.Kind.PERSON_ERASED, by.id)
        AuditEvent.objects.create(by=by.id, action="person.erased", subject=by.id)
        by.delete()
    return ledger.written() & sequence.settled()


def erase(by: Person, photos: Iterable[Photo]) -> None:
    for photo in in_turn(photos):
        registry.erase(photo.protection)
        photo.opt_outs.all().delete()
        ledger.note(ledger.Kind.PHOTO_ERASED, photo.id)
        audit(by, "photo.erased", photo)
        photo.delete()


def release_photos(*, by: Person, photos: Iterable[Photo]) -> Decided:
    """Let pending photos take effect."""
    released = []
    with transaction.atomic(durable=True):
        for photo in in_turn(photos):
            if not Photo.objects.filter(id=photo.id).exclude(pending_since=None).update(pending_since=None):
                continue
            if OptOut.objects.filter(photo=photo, withdrawn_at=None).exists():
                registry.activate(photo.protection)
            audit(by, "photo.released", photo)
            released.append(photo)
    return Decided(tuple(released), in_effect=sequence.settled())


def erase_long_withdrawn(*, by: Person, now: datetime, most: int) -> None:
    """Erase photos that were withdrawn longer ago than can be undone, at most so many at once."""
    erase_photos(by=by, photos=Photo.objects.withdrawn_before(now - UNDO)[:most])


def decided(photos: list[Photo]) -> Decided:
    in_effect = ledger.written() & sequence.settled()
    return Decided(tuple(photos), in_effect=in_effect and not any(photo.pending_since for photo in photos))


def in_turn(photos: Iterable[Photo]) -> list[Photo]:
    """Those that are still there, locked in one order, so that two who want the same ones never wait for each other."""
    ids = [photo.id for photo in photos]
    return list(Photo.objects.select_for_update().filter(id__in=ids).order_by("id"))

"""Photos as facts, that a person registered one, and the opt-outs decided for them."""

import hashlib
import hmac
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery

from consent.models.person import Person
from matching.hashing.fingerprint import Fingerprint

UNDO = timedelta(days=30)  # a withdrawn photo can be put back for this long, and is then erased


class PhotoQuerySet(models.QuerySet["Photo"]):
    """Only the photos of a person are ever shown to them: every page starts from `of`."""

    def of(self, person: Person) -> Self:
        return self.filter(person=person)

    def described(self) -> Self:
        """With `uses`, those refused now or last, and `withdrawn_at`, null while one is in force."""
        last = OptOut.objects.filter(photo=OuterRef("pk")).order_by("-decided_at")
        return self.annotate(
            uses=Subquery(last.values("uses")[:1]), withdrawn_at=Subquery(last.values("withdrawn_at")[:1])
        )

    def with_details(self) -> Self:
        return self.filter(details=Photo.Details.KEPT)

    def withdrawn_before(self, time: datetime) -> Self:
        return self.in_state(Photo.State.WITHDRAWN).exclude(opt_outs__withdrawn_at__gte=time)

    def withdrawn_between(self, start: datetime, end: datetime) -> Self:
        """Withdrawn then, and since."""
        return self.in_state(Photo.State.WITHDRAWN).filter(opt_outs__withdrawn_at__range=(start, end)).distinct()

    def in_state(self, state: "Photo.State") -> Self:
        in_force = Exists(OptOut.objects.filter(photo=OuterRef("pk"), withdrawn_at=None))
        match state:
            case Photo.State.WITHDRAWN:
                return self.filter(~in_force)
            case Photo.State.PENDING:
                return self.filter(in_force, pending_since__isnull=False)
            case Photo.State.PROTECTED:
                return self.filter(in_force, pending_since=None)


class Photo(models.Model):
    """The fact that a person registered a photo. No image, no hash: those of its protection are in `matching`."""

    class Declaration(models.TextChoices):
        MINE = "mine"
        CHILD = "child"
        REPRESENTED = "represented"

    class Details(models.TextChoices):
        """Whether local features are kept beside the hashes, by which what is left of the photo is found."""

        KEPT = "kept"
        DECLINED = "declined"  # by the person
        TOO_FEW = "too-few"  # in the photo to tell it by
        NONE = "none"  # it was registered when there were none

    class State(models.TextChoices):
        PROTECTED = "protected"
        PENDING = "pending"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="photos")
    label = models.CharField(max_length=200, blank=True)
    declaration = models.CharField(max_length=16, choices=Declaration.choices, default=Declaration.MINE)
    protection = models.UUIDField(unique=True)  # no foreign key: `matching` is another service
    details = models.CharField(
        max_length=16, choices=Details.choices, default=Details.NONE, db_default=Details.NONE.value
    )
    mark = models.BinaryField(null=True, editable=False)
    # What the person's browser called the act that last registered it: sent once more, it is known and changes nothing.
    sending = models.UUIDField(null=True, editable=False)
    pending_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[PhotoQuerySet] = PhotoQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="photo_declaration_known", condition=Q(declaration__in=["mine", "child", "represented"])
            ),
            models.CheckConstraint(
                name="photo_details_known", condition=Q(details__in=["kept", "declined", "too-few", "none"])
            ),
            models.UniqueConstraint(name="photo_once_per_person", fields=["person", "mark"]),
            models.UniqueConstraint(name="photo_once_per_sending", fields=["person", "sending"]),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["person", "-created_at"])]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return f"pho_{self.id.hex}"


class OptOut(models.Model):
    """The refusal of uses for a photo: as decided, at a time; withdrawn, never deleted silently."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="opt_outs")
    uses = ArrayField(models.CharField(max_length=16))
    decided_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="opt_out_one_in_force_per_photo", fields=["photo"], condition=Q(withdrawn_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{', '.join(self.uses)}{' (withdrawn)' if self.withdrawn_at else ''}"


def marks_of(person: Person, fingerprints: Iterable[Fingerprint]) -> list[bytes]:
    """What tells that this person has registered this very photo before; says nothing to whoever lacks the key.

    One for each profile that the photo was hashed under, the current one's first: it may have been registered when
    another was. None for a profile that sees too little in it, and would give many pictures the same mark.
    """
    return [
        hmac.digest(settings.REF_KEY, b"photo mark" + person.id.bytes + fingerprint.to_bytes(), hashlib.sha256)
        for fingerprint in fingerprints
        if fingerprint.hashes
    ]
